/* Stands beside targets and retry, and wakes both. */
#include "dispatcher/notice.h"

#include "dispatcher/retry.h"
#include "dispatcher/thread.h"

#include "log/log.h"
#include "store/delivery.h"
#include "store/webhook.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WAIT_MS 1000

struct notice {
    struct dispatcher *d;
    struct thread thread;
    struct db_session *session;
    int wake_fd;
    bool is_away; /* Said once. */
};

static void heard(void *user, struct str channel, struct str payload)
{
    struct notice *n = user;
    struct id org_id;

    if (str_eq(channel, STR(DELIVERY_CHANNEL))) {
        retry_look(n->d->retry);
    } else if (id_read(ID_ORGANIZATION, payload, &org_id)) {
        targets_forget(n->d->targets, org_id);
    } else {
        targets_forget_all(n->d->targets);
    }
}

static bool listen_anew(struct notice *n, struct err *err)
{
    session_close(n->session);
    n->session = NULL;
    if (!session_open(&n->d->db_options, &n->session, err) ||
        !session_script(n->session,
                        "LISTEN " WEBHOOK_CHANNEL "; LISTEN " DELIVERY_CHANNEL,
                        err)) {
        return false;
    }
    /* What was said meanwhile, nobody heard. */
    targets_forget_all(n->d->targets);
    retry_look(n->d->retry);
    return true;
}

static bool hear(struct notice *n, struct err *err)
{
    return session_wait(n->session, n->wake_fd, WAIT_MS, heard, n, err);
}

static void notice_run(void *user)
{
    struct notice *n = user;
    struct err err = ERR_NONE;
    bool is_listening = false;

    while (!thread_is_stopping(&n->thread)) {
        bool ok = is_listening ? hear(n, &err) : listen_anew(n, &err);
        if (!ok && !n->is_away) {
            log_err(LOG_WARN, "notice.lost", &err, NULL, 0);
        }
        if (ok && n->is_away) {
            log_info("notice.resumed", LOG_BOOL("ok", true));
        }
        is_listening = ok;
        n->is_away = !ok;
        if (!ok) {
            err_clear(&err);
            (void)thread_rest(&n->thread, REST_MS);
        }
    }
}

bool notice_open(struct dispatcher *d, struct notice **out, struct err *err)
{
    struct notice *n = mem_zero(1, sizeof *n);

    n->d = d;
    n->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (n->wake_fd < 0) {
        free(n);
        return err_set(err, ERR_INTERNAL, "can't make an eventfd");
    }
    *out = n;
    return thread_start(&n->thread, "notice", notice_run, n, err);
}

void notice_close(struct notice *n)
{
    uint64_t one = 1;

    if (n == NULL) {
        return;
    }
    thread_stop(&n->thread);
    ssize_t put = write(n->wake_fd, &one, sizeof one);
    (void)put; /* Without it the thread ends after WAIT_MS. */
    thread_join(&n->thread);
    session_close(n->session);
    close(n->wake_fd);
    free(n);
}

/* Certificate reload: by SIGHUP, and when the files change. */
#include "gateway/tls.h"

#include "log/log.h"

#include <sys/stat.h>

#define NS_PER_S 1000000000LL

/* 0 when the file is not there: a writer may be between two steps. */
static int64_t changed_at_ns(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        return 0;
    }
    return st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
}

void tls_watch_init(struct tls_watch *w, const struct gateway_settings *s)
{
    w->certificate_at_ns = changed_at_ns(s->tls_certificate);
    w->key_at_ns = changed_at_ns(s->tls_key);
}

void tls_watch_turn(struct tls_watch *w, struct gateway *g, bool force)
{
    struct tls_watch now;
    struct err err = ERR_NONE;

    tls_watch_init(&now, &g->settings);
    if (!force && now.certificate_at_ns == w->certificate_at_ns &&
        now.key_at_ns == w->key_at_ns) {
        return;
    }
    *w = now; /* A pair that can't be read is not tried again until changed. */
    if (!web_reload_tls(g->https, &err)) {
        log_fail("tls.reload_failed", &err);
        return;
    }
    log_write(LOG_INFO, "tls.reloaded", NULL, 0);
}

/* Lines are made outside the lock, kept in a ring, and copied to a buffer that
 * a thread of its own writes out: no request waits for the disk. */
#include "receiver/journal.h"

#include "json/json.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct journal {
    int fd; /* -1: no log */
    bool quiet;
    pthread_t thread;
    atomic_bool stopping;
    pthread_mutex_t lock; /* Guards everything below. */
    uint64_t seq;
    uint64_t first_kept;
    uint64_t received, signature_ok, standard_ok, answered_2xx;
    struct buf unwritten;
    struct buf lines[JOURNAL_KEPT]; /* seq % JOURNAL_KEPT */
};

static void write_all(int fd, struct str text)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.data, text.len);
        if (n < 0 && errno != EINTR) {
            fprintf(stderr, "receiver: can't write the log: %s\n",
                    strerror(errno));
            return;
        }
        if (n > 0) {
            text.data += n;
            text.len -= (size_t)n;
        }
    }
}

static void flush(struct journal *j)
{
    struct buf mine = BUF_EMPTY;

    pthread_mutex_lock(&j->lock);
    mine = j->unwritten;
    j->unwritten = BUF_EMPTY;
    pthread_mutex_unlock(&j->lock);
    write_all(j->fd, buf_str(&mine));
    buf_free(&mine);
}

static void *run(void *arg)
{
    struct journal *j = arg;
    const struct timespec rest = {0, JOURNAL_FLUSH_MS * 1000000L};

    while (!atomic_load(&j->stopping)) {
        nanosleep(&rest, NULL);
        flush(j);
    }
    return NULL;
}

bool journal_open(const char *log, bool quiet, struct journal **out,
                  struct err *err)
{
    struct journal *j = mem_zero(1, sizeof(*j));

    j->fd = -1;
    j->quiet = quiet;
    pthread_mutex_init(&j->lock, NULL);
    if (log != NULL) {
        j->fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (j->fd < 0) {
            err_set(err, ERR_UNAVAILABLE, "can't open %s: %s", log,
                    strerror(errno));
            free(j);
            return false;
        }
        if (pthread_create(&j->thread, NULL, run, j) != 0) {
            close(j->fd);
            free(j);
            return err_set(err, ERR_UNAVAILABLE, "can't start a thread");
        }
    }
    *out = j;
    return true;
}

void journal_close(struct journal *j)
{
    if (j == NULL) {
        return;
    }
    if (j->fd >= 0) {
        atomic_store(&j->stopping, true);
        pthread_join(j->thread, NULL);
        flush(j);
        close(j->fd);
    }
    for (size_t i = 0; i < JOURNAL_KEPT; i++) {
        buf_free(&j->lines[i]);
    }
    buf_free(&j->unwritten);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

static void add_text(struct json_writer *w, const char *name, struct str text)
{
    json_key(w, str_of(name));
    if (text.data == NULL) {
        json_add_null(w);
    } else {
        json_add_text(w, text);
    }
}

static void add_bool(struct json_writer *w, const char *name, bool value)
{
    json_key(w, str_of(name));
    json_add_bool(w, value);
}

static void add_number(struct json_writer *w, const char *name, uint64_t n)
{
    json_key(w, str_of(name));
    json_add_u64(w, n);
}

/* All of the line but its seq, which is known under the lock. */
static void word_line(const struct received *r, struct buf *out)
{
    struct json_writer w = json_writer(out);

    json_object_begin(&w);
    add_number(&w, "received_at_us", (uint64_t)r->received_at_us);
    add_text(&w, "event_id", r->event_id);
    add_text(&w, "type", r->type);
    add_text(&w, "delivery", r->delivery);
    add_text(&w, "attempt", r->attempt);
    add_text(&w, "subject", r->subject);
    add_text(&w, "path", r->path);
    add_bool(&w, "signature_ok", r->signature_ok);
    add_bool(&w, "standard_ok", r->standard_ok);
    add_number(&w, "status", r->status);
    add_text(&w, "body", r->body);
    json_object_end(&w);
}

static void say(const struct received *r)
{
    printf("%.*s %.*s attempt %.*s: %s, answered %u\n", STR_ARGS(r->type),
           STR_ARGS(r->event_id), STR_ARGS(r->attempt),
           r->signature_ok && r->standard_ok ? "signatures good"
                                             : "SIGNATURE BAD",
           r->status);
    fflush(stdout);
}

void journal_add(struct journal *j, const struct received *r)
{
    struct buf rest = BUF_EMPTY;
    struct buf *line = NULL;

    word_line(r, &rest);
    assert(rest.len > 0 && rest.data[0] == '{');
    pthread_mutex_lock(&j->lock);
    j->received++;
    j->signature_ok += r->signature_ok ? 1 : 0;
    j->standard_ok += r->standard_ok ? 1 : 0;
    j->answered_2xx += r->status < 300 ? 1 : 0;
    j->seq++;
    line = &j->lines[j->seq % JOURNAL_KEPT];
    buf_clear(line);
    BUF_ADD(line, "{\"seq\":");
    buf_add_u64(line, j->seq);
    buf_add_char(line, ',');
    buf_add(line, (struct str){rest.data + 1, rest.len - 1});
    if (j->fd >= 0) {
        buf_add(&j->unwritten, buf_str(line));
        buf_add_char(&j->unwritten, '\n');
    }
    pthread_mutex_unlock(&j->lock);
    buf_free(&rest);
    if (!j->quiet) {
        say(r);
    }
}

void journal_stats(struct journal *j, struct buf *out)
{
    struct json_writer w = json_writer(out);

    pthread_mutex_lock(&j->lock);
    json_object_begin(&w);
    add_number(&w, "received", j->received);
    add_number(&w, "signature_ok", j->signature_ok);
    add_number(&w, "standard_ok", j->standard_ok);
    add_number(&w, "answered_2xx", j->answered_2xx);
    add_number(&w, "seq", j->seq);
    json_object_end(&w);
    pthread_mutex_unlock(&j->lock);
}

void journal_list(struct journal *j, uint64_t after, uint64_t limit,
                  struct buf *out)
{
    uint64_t at = 0;
    uint64_t end = 0;

    pthread_mutex_lock(&j->lock);
    at = MAX_OF(after, j->first_kept);
    if (j->seq > JOURNAL_KEPT) {
        at = MAX_OF(at, j->seq - JOURNAL_KEPT);
    }
    at = MIN_OF(at, j->seq);
    end = MIN_OF(j->seq, at + MIN_OF(limit, (uint64_t)JOURNAL_KEPT));
    BUF_ADD(out, "{\"received\":[");
    for (uint64_t seq = at + 1; seq <= end; seq++) {
        buf_add(out, seq > at + 1 ? STR(",") : STR(""));
        buf_add(out, buf_str(&j->lines[seq % JOURNAL_KEPT]));
    }
    BUF_ADD(out, "],\"next\":");
    buf_add_u64(out, end);
    buf_add_char(out, '}');
    pthread_mutex_unlock(&j->lock);
}

void journal_clear(struct journal *j)
{
    pthread_mutex_lock(&j->lock);
    j->received = j->signature_ok = j->standard_ok = j->answered_2xx = 0;
    j->first_kept = j->seq;
    pthread_mutex_unlock(&j->lock);
}

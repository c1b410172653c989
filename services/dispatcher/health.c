/* Stands beside the road and only looks. */
#include "dispatcher/health.h"

#include "dispatcher/intake.h"
#include "dispatcher/meter.h"

#include "store/migrate.h"
#include "web/web.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS 4
#define BACKLOG 16
#define KEEP_ALIVE_MS 5000
#define REQUEST_MS 5000
#define HEAD_MAX 8192
#define BODY_MAX 1024
#define CLOSE_MS 1000

/* What the pool has counted, the last time that somebody asked. */
struct seen {
    pthread_mutex_t lock;
    struct db_stats db;
};

struct health {
    struct dispatcher *d;
    struct web *web;
    struct seen seen;
};

static void say(struct web_response *res, unsigned status, const char *text)
{
    res->status = status;
    web_add_header(res, STR("Content-Type"), STR("text/plain; charset=utf-8"));
    buf_add(&res->body, str_of(text));
    buf_add_char(&res->body, '\n');
}

/* Ready: the groups know us, PostgreSQL answers and its schema is ours. */
static void say_ready(struct dispatcher *d, struct web_response *res)
{
    struct err err = ERR_NONE;
    bool is_current = false;

    if (!intake_is_joined(d->intake)) {
        say(res, 503, "kafka: not a member of the groups");
    } else if (!db_ping(d->db, &err)) {
        say(res, 503, "postgresql: away");
    } else if (!migrate_is_current(d->db, &is_current, &err) || !is_current) {
        say(res, 503, "schema: not current; run porterctl migrate");
    } else {
        say(res, 200, "ready");
    }
}

static void follow(struct metrics *m, enum meter row, uint64_t now,
                   uint64_t seen)
{
    metrics_add(m, row, 0, (int64_t)(now - seen));
}

static void sample_db(struct metrics *m, struct db *db, struct seen *seen)
{
    pthread_mutex_lock(&seen->lock);
    const struct db_stats was = seen->db;
    const struct db_stats now = db_stats(db);

    seen->db = now;
    follow(m, METER_DB_STATEMENTS, now.statements, was.statements);
    follow(m, METER_DB_BATCHES, now.batches, was.batches);
    follow(m, METER_DB_ERRORS, now.errors, was.errors);
    follow(m, METER_DB_TIMED_OUT, now.waits_timed_out, was.waits_timed_out);
    pthread_mutex_unlock(&seen->lock);
    metrics_set(m, METER_DB_CONNECTIONS, DB_OPEN, now.open);
    metrics_set(m, METER_DB_CONNECTIONS, DB_BUSY, now.busy);
    metrics_set(m, METER_DB_CONNECTIONS, DB_WAITING, now.waiting);
}

static void say_metrics(struct health *h, const struct web_request *req,
                        struct web_response *res)
{
    const enum metrics_format format =
        metrics_format_for(web_header(req, STR("Accept")));

    res->status = 200;
    web_add_header(res, STR("Content-Type"), metrics_type(format));
    sample_db(h->d->metrics, h->d->db, &h->seen);
    metrics_write(h->d->metrics, format, &res->body);
}

static void handle(void *user, const struct web_request *req,
                   struct web_response *res)
{
    struct health *h = user;

    if (req->method != WEB_GET && req->method != WEB_HEAD) {
        say(res, 405, "GET only");
    } else if (str_eq(req->path, STR("/healthz"))) {
        say(res, 200, "ok");
    } else if (str_eq(req->path, STR("/readyz"))) {
        say_ready(h->d, res);
    } else if (str_eq(req->path, STR("/metrics"))) {
        say_metrics(h, req, res);
    } else {
        say(res, 404, "/healthz, /readyz or /metrics");
    }
}

static void refuse(void *user, enum web_refusal code, const char *detail,
                   const struct web_request *req, struct web_response *res)
{
    (void)user;
    (void)code;
    (void)req;
    say(res, 400, detail);
    res->close = true;
}

bool health_open(struct dispatcher *d, struct health **out, struct err *err)
{
    struct health *h = mem_zero(1, sizeof *h);
    const struct web_options opts = {
        .address = d->settings.private.address,
        .port = (unsigned)d->settings.private.port,
        .threads = THREADS,
        .backlog = BACKLOG,
        .keep_alive_ms = KEEP_ALIVE_MS,
        .request_ms = REQUEST_MS,
        .head_max = HEAD_MAX,
        .body_max = BODY_MAX,
        .handler = handle,
        .refuse = refuse,
        .user = h,
    };

    h->d = d;
    pthread_mutex_init(&h->seen.lock, NULL);
    if (!web_open(&opts, &h->web, err)) {
        pthread_mutex_destroy(&h->seen.lock);
        free(h);
        return err_wrap(err, "private listener");
    }
    *out = h;
    return true;
}

void health_close(struct health *h)
{
    if (h == NULL) {
        return;
    }
    web_close(h->web, CLOSE_MS);
    pthread_mutex_destroy(&h->seen.lock);
    free(h);
}

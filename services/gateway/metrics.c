/* The gateway's metrics. */
#include "gateway/metrics.h"

#include "base/clock.h"
#include "base/err.h"
#include "gateway/gateway.h"
#include "gateway/problem.h"
#include "gateway/routes.h"
#include "metrics/metrics.h"
#include "trace/tracer.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum row {
    REQUESTS,
    REFUSED,
    FAILED,
    PROBLEMS,
    REQUEST_TIME,
    ADMISSIONS,
    ADMIT_TIME,
    ADMIT_MODE,
    CACHE_MISSES,
    CACHE_TRUSTED,
    KEYS_EXPOSED,
    IN_FLIGHT,
    SHED,
    NEIGHBOUR_UP,
    CONNECTIONS,
    IN_HANDLER,
    THREADS,
    WEB_REFUSED,
    DB_CONNECTIONS,
    DB_STATEMENTS,
    DB_BATCHES,
    DB_ERRORS,
    DB_TIMED_OUT,
    KV_ITEMS,
    KV_BATCHES,
    KV_ERRORS,
    OUTBOX_ROWS,
    OUTBOX_AGE,
    LOG_HELD,
    RELAY_SHARDS,
    RELAY_RECORDS,
    RELAY_BATCHES,
    RELAY_FAILURES,
    RELAY_SET_ASIDE,
    RELAY_SEND,
    RELAY_PRODUCE,
    SPANS,
    ROW_COUNT
};

enum neighbour { REDIS, KAFKA, POSTGRESQL };
enum mode { MODE_REDIS, MODE_LOCAL, MODE_REMEMBERED, MODE_COUNT };
enum connection_state { STATE_OPEN, STATE_BUSY, STATE_WAITING };

static const char *const verdict_words[] = {
    [ADMIT_YES] = "admitted",
    [ADMIT_LIMITED] = "limited",
    [ADMIT_UNKNOWN] = "unknown",
    [ADMIT_SLOWED] = "slowed",
    NULL,
};
static const char *const shed_words[] = {
    [SHED_READ] = "read",
    [SHED_WRITE] = "write",
    [SHED_KEY_READ] = "key_read",
    [SHED_KEY_WRITE] = "key_write",
    NULL,
};
static const char *const mode_words[] = {
    [MODE_REDIS] = "redis",
    [MODE_LOCAL] = "local_window",
    [MODE_REMEMBERED] = "remembered_denial",
    NULL,
};
static const char *const neighbour_words[] = {
    [REDIS] = "redis", [KAFKA] = "kafka", [POSTGRESQL] = "postgresql", NULL};
static const char *const state_words[] = {[STATE_OPEN] = "open",
                                          [STATE_BUSY] = "busy",
                                          [STATE_WAITING] = "waiting",
                                          NULL};

/* Labels "route" and "problem" get their words from the tables of those. */
/* clang-format off */
static const struct metric_row rows[ROW_COUNT] = {
    [REQUESTS] = {"porter_requests_total", METRIC_COUNTER, "Requests answered, by operation.", "route", NULL},
    [REFUSED] = {"porter_requests_refused_total", METRIC_COUNTER, "Of these, answered with 4xx.", "route", NULL},
    [FAILED] = {"porter_requests_failed_total", METRIC_COUNTER, "Of these, answered with 5xx; without what a key was refused for its own cap (`porter_requests_shed_total`).", "route", NULL},
    [PROBLEMS] = {"porter_problems_total", METRIC_COUNTER, "Problems answered, by name (docs/errors.md).", "problem", NULL},
    [REQUEST_TIME] = {"porter_request_seconds", METRIC_HISTOGRAM, "From the complete head to the answer, by operation.", "route", NULL},
    [ADMISSIONS] = {"porter_admissions_total", METRIC_COUNTER, "What became of well-formed keys.", "verdict", verdict_words},
    [ADMIT_TIME] = {"porter_admission_seconds", METRIC_HISTOGRAM, "Key check and rate limit together.", NULL, NULL},
    [ADMIT_MODE] = {"porter_admissions_by_mode_total", METRIC_COUNTER, "Who decided about the limit.", "mode", mode_words},
    [CACHE_MISSES] = {"porter_key_cache_misses_total", METRIC_COUNTER, "Keys that were read from PostgreSQL.", NULL, NULL},
    [CACHE_TRUSTED] = {"porter_key_cache_trusted", METRIC_GAUGE, "1 while the key cache's epoch is fresh.", NULL, NULL},
    [KEYS_EXPOSED] = {"porter_keys_exposed_total", METRIC_COUNTER, "Live keys seen over plain HTTP and revoked.", NULL, NULL},
    [IN_FLIGHT] = {"porter_requests_in_flight", METRIC_GAUGE, "Requests under way, of PORTER_IN_FLIGHT_MAX.", NULL, NULL},
    [SHED] = {"porter_requests_shed_total", METRIC_COUNTER, "Requests refused for the load, in all or of one key.", "cause", shed_words},
    [NEIGHBOUR_UP] = {"porter_neighbour_up", METRIC_GAUGE, "1 while the neighbour answers.", "neighbour", neighbour_words},
    [CONNECTIONS] = {"porter_http_connections", METRIC_GAUGE, "Open HTTPS connections.", NULL, NULL},
    [IN_HANDLER] = {"porter_http_requests_active", METRIC_GAUGE, "Requests being worked on.", NULL, NULL},
    [THREADS] = {"porter_http_threads", METRIC_GAUGE, "Connections that can be open at once.", NULL, NULL},
    [WEB_REFUSED] = {"porter_http_refused_total", METRIC_COUNTER, "Requests that broke HTTP's rules.", NULL, NULL},
    [DB_CONNECTIONS] = {"porter_db_connections", METRIC_GAUGE, "Connections to PostgreSQL, and callers waiting for one.", "state", state_words},
    [DB_STATEMENTS] = {"porter_db_statements_total", METRIC_COUNTER, "Statements run.", NULL, NULL},
    [DB_BATCHES] = {"porter_db_batches_total", METRIC_COUNTER, "Sends that carried them.", NULL, NULL},
    [DB_ERRORS] = {"porter_db_errors_total", METRIC_COUNTER, "Connections that could not be opened, or broke.", NULL, NULL},
    [DB_TIMED_OUT] = {"porter_db_waits_timed_out_total", METRIC_COUNTER, "Callers that got no connection in time.", NULL, NULL},
    [KV_ITEMS] = {"porter_redis_items_total", METRIC_COUNTER, "Requests' items sent to Redis.", NULL, NULL},
    [KV_BATCHES] = {"porter_redis_batches_total", METRIC_COUNTER, "Round trips that carried them.", NULL, NULL},
    [KV_ERRORS] = {"porter_redis_errors_total", METRIC_COUNTER, "Round trips that failed.", NULL, NULL},
    [OUTBOX_ROWS] = {"porter_outbox_rows", METRIC_GAUGE, "Events not yet on Kafka (counted up to 100,000).", NULL, NULL},
    [OUTBOX_AGE] = {"porter_outbox_oldest_seconds", METRIC_SECONDS, "Age of the oldest of them.", NULL, NULL},
    [LOG_HELD] = {"porter_event_log_held_seconds", METRIC_SECONDS, "For how long one and the same open write transaction has held back the end of the event log (db/README.md).", NULL, NULL},
    [RELAY_SHARDS] = {"porter_relay_shards", METRIC_GAUGE, "Outbox shards that this process owns.", NULL, NULL},
    [RELAY_RECORDS] = {"porter_relay_records_total", METRIC_COUNTER, "Events acknowledged by Kafka.", NULL, NULL},
    [RELAY_BATCHES] = {"porter_relay_batches_total", METRIC_COUNTER, "Sends that carried them.", NULL, NULL},
    [RELAY_FAILURES] = {"porter_relay_failures_total", METRIC_COUNTER, "Sends that failed, wholly or in part.", NULL, NULL},
    [RELAY_SET_ASIDE] = {"porter_relay_set_aside_total", METRIC_COUNTER, "Events that Kafka does not take: their records' beginnings went to porter.dead-letters.v1.", NULL, NULL},
    [RELAY_SEND] = {"porter_relay_last_send_seconds", METRIC_SECONDS, "How long Kafka took to acknowledge the last one.", NULL, NULL},
    [RELAY_PRODUCE] = {"porter_relay_produce_seconds", METRIC_HISTOGRAM, "Time of an event from its hand-over to the Kafka client to Kafka's acknowledgement.", NULL, NULL},
    [SPANS] = {"porter_trace_spans_total", METRIC_COUNTER, "Spans, by what became of them: sent, or dropped because the queue was full, the collector refused them or did not answer.", "fate", tracer_fate_words},
};
/* clang-format on */

struct gateway_metrics {
    struct metrics *series;
    struct metric_row rows[ROW_COUNT];
    const char *route_words[OPERATIONS_MAX + 3];
    const char *problem_words[PROBLEM_COUNT + 1];
    size_t no_route;
    pthread_mutex_t sampling;
    uint64_t seen[ROW_COUNT][MODE_COUNT]; /* Libraries' counts, last time. */
};

static void fill_rows(struct gateway_metrics *m)
{
    const struct operation *list[OPERATIONS_MAX];

    m->no_route = routes_all(list);
    for (size_t i = 0; i < m->no_route; i++) {
        m->route_words[i] = list[i]->name;
    }
    m->route_words[m->no_route] = "none";
    m->route_words[m->no_route + 1] = "dashboard";
    m->problem_words[PROBLEM_NONE] = "none";
    for (size_t p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        m->problem_words[p] = problem_row((enum problem)p)->name;
    }
    memcpy(m->rows, rows, sizeof m->rows);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct str label = str_of(rows[i].label);

        if (str_eq(label, STR("route"))) {
            m->rows[i].words = m->route_words;
        } else if (str_eq(label, STR("problem"))) {
            m->rows[i].words = m->problem_words;
        }
    }
}

struct gateway_metrics *gateway_metrics_new(void)
{
    struct gateway_metrics *m = mem_zero(1, sizeof *m);

    fill_rows(m);
    pthread_mutex_init(&m->sampling, NULL);
    m->series = metrics_new(m->rows, ROW_COUNT);
    return m;
}

void gateway_metrics_free(struct gateway_metrics *m)
{
    if (m == NULL) {
        return;
    }
    metrics_free(m->series);
    pthread_mutex_destroy(&m->sampling);
    free(m);
}

void gateway_metrics_answer(struct gateway_metrics *m,
                            const struct answer_facts *facts)
{
    size_t route = facts->route == SIZE_MAX          ? m->no_route
                   : facts->route == ROUTE_DASHBOARD ? m->no_route + 1
                                                     : facts->route;

    metrics_add(m->series, REQUESTS, route, 1);
    metrics_observe_traced_us(m->series, REQUEST_TIME, route, facts->took_us,
                              facts->trace);
    if (facts->status / 100 == 4) {
        metrics_add(m->series, REFUSED, route, 1);
    } else if (facts->status / 100 == 5 && !facts->is_keys_doing) {
        metrics_add(m->series, FAILED, route, 1);
    }
    if (facts->problem != PROBLEM_NONE) {
        metrics_add(m->series, PROBLEMS, facts->problem, 1);
    }
    if (facts->admit_us > 0) {
        metrics_add(m->series, ADMISSIONS, facts->verdict, 1);
        metrics_observe_us(m->series, ADMIT_TIME, 0, facts->admit_us);
    }
}

void gateway_metrics_exposed(struct gateway_metrics *m)
{
    metrics_add(m->series, KEYS_EXPOSED, 0, 1);
}

void gateway_metrics_shed(struct gateway_metrics *m, enum shed_cause cause)
{
    metrics_add(m->series, SHED, cause, 1);
}

void gateway_metrics_spans(struct gateway_metrics *m, size_t fate, size_t spans)
{
    metrics_add(m->series, SPANS, fate, (int64_t)spans);
}

void gateway_metrics_log_held(struct gateway_metrics *m, int64_t held_us)
{
    metrics_set(m->series, LOG_HELD, 0, held_us);
}

void gateway_metrics_outbox(struct gateway_metrics *m, int64_t count,
                            int64_t oldest_us)
{
    metrics_set(m->series, OUTBOX_ROWS, 0, count);
    metrics_set(m->series, OUTBOX_AGE, 0, oldest_us);
}

void gateway_metrics_produced(struct gateway_metrics *m, int64_t took_us)
{
    metrics_observe_us(m->series, RELAY_PRODUCE, 0, took_us);
}

void gateway_metrics_postgresql(struct gateway_metrics *m, bool is_up)
{
    metrics_set(m->series, NEIGHBOUR_UP, POSTGRESQL, is_up);
}

/* Move a counter to what a library has counted in all. */
static void follow(struct gateway_metrics *m, enum row row, size_t word,
                   uint64_t total)
{
    uint64_t seen = m->seen[row][word];

    if (total > seen) {
        metrics_add(m->series, row, word, (int64_t)(total - seen));
        m->seen[row][word] = total;
    }
}

static void set(struct gateway_metrics *m, enum row row, size_t word,
                int64_t value)
{
    metrics_set(m->series, row, word, value);
}

static void sample_admit(struct gateway_metrics *m, struct gateway *g)
{
    struct admit_stats a = admit_stats(g->admit);
    struct kv_stats k = kv_stats(g->kv);

    follow(m, ADMIT_MODE, MODE_REDIS, a.by_redis);
    follow(m, ADMIT_MODE, MODE_LOCAL, a.by_local_window);
    follow(m, ADMIT_MODE, MODE_REMEMBERED, a.by_remembered_denial);
    follow(m, CACHE_MISSES, 0, a.cache_misses);
    set(m, CACHE_TRUSTED, 0, a.cache_is_trusted);
    set(m, NEIGHBOUR_UP, REDIS, a.redis_is_up);
    follow(m, KV_ITEMS, 0, k.items);
    follow(m, KV_BATCHES, 0, k.batches);
    follow(m, KV_ERRORS, 0, k.errors);
}

static void sample_web(struct gateway_metrics *m, struct gateway *g)
{
    struct web_stats w = web_stats(g->https);

    set(m, IN_FLIGHT, 0, atomic_load(&g->in_flight));
    set(m, CONNECTIONS, 0, w.connections);
    set(m, IN_HANDLER, 0, w.in_handler);
    set(m, THREADS, 0, w.threads);
    follow(m, WEB_REFUSED, 0, w.refused);
}

static void sample_db(struct gateway_metrics *m, struct gateway *g)
{
    struct db_stats d = db_stats(g->db);

    set(m, DB_CONNECTIONS, STATE_OPEN, d.open);
    set(m, DB_CONNECTIONS, STATE_BUSY, d.busy);
    set(m, DB_CONNECTIONS, STATE_WAITING, d.waiting);
    follow(m, DB_STATEMENTS, 0, d.statements);
    follow(m, DB_BATCHES, 0, d.batches);
    follow(m, DB_ERRORS, 0, d.errors);
    follow(m, DB_TIMED_OUT, 0, d.waits_timed_out);
}

static void sample_relay(struct gateway_metrics *m, struct gateway *g)
{
    struct relay_stats r = relay_stats(g->relay);

    set(m, RELAY_SHARDS, 0, r.shards_owned);
    set(m, RELAY_SEND, 0, r.last_send_us);
    set(m, NEIGHBOUR_UP, KAFKA, r.kafka_is_up);
    follow(m, RELAY_RECORDS, 0, r.produced);
    follow(m, RELAY_BATCHES, 0, r.batches);
    follow(m, RELAY_FAILURES, 0, r.failures);
    follow(m, RELAY_SET_ASIDE, 0, r.set_aside);
}

void gateway_metrics_write(struct gateway_metrics *m, struct gateway *g,
                           enum metrics_format format, struct buf *out)
{
    pthread_mutex_lock(&m->sampling);
    sample_admit(m, g);
    sample_web(m, g);
    sample_db(m, g);
    sample_relay(m, g);
    pthread_mutex_unlock(&m->sampling);
    metrics_write(m->series, format, out);
}

void gateway_metrics_docs(struct buf *out)
{
    struct gateway_metrics *m = gateway_metrics_new();

    metrics_docs("gateway", m->rows, ROW_COUNT, out);
    gateway_metrics_free(m);
}

/* Stands beside the lanes: what their breakers find is made known to all
 * dispatchers here, and taken back.
 *
 * Happy path: circuits_fell -> store's circuit_open (announced: from now on
 * every dispatcher holds its events) … a probe is due -> circuit_probe -> the
 * oldest held delivery goes onto the road as a probe -> circuits_tried: well ->
 * circuit_close -> portions of what is held become due, in order, until none
 * is left.
 * Endings: a probe fails -> the next one, later; for too long and too often ->
 * the webhook is disabled. A webhook enabled by hand drains as well. PostgreSQL
 * away: news is dropped, the next failure or probe brings it again. */
#include "dispatcher/circuits.h"

#include "dispatcher/claim.h"
#include "dispatcher/ledger.h"
#include "dispatcher/meter.h"
#include "dispatcher/outcome.h"
#include "dispatcher/thread.h"
#include "dispatcher/worker.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/rfc3339.h"
#include "log/log.h"
#include "store/circuit.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define LOOK_MS 500
#define NEWS_MAX 256 /* What has no room is told again by the next attempt. */
#define PROBES_MAX 32
#define PORTION_S 2 /* Of a drain, made due at once. */
#define DRAINS_MAX 64
#define DISABLE_FAILURES_MIN 20
#define ERROR_BYTES 160
#define REASON_BYTES 320
#define ARENA_BYTES 65536

enum news_kind { NEWS_FELL, NEWS_FAILED, NEWS_WELL };

struct news {
    enum news_kind kind;
    struct circuit_key key;
    unsigned failures;       /* FELL */
    char error[ERROR_BYTES]; /* FAILED: the last one's sentence. */
};

struct circuits {
    struct dispatcher *d;
    struct thread thread;
    struct arena *arena;
    struct circuit_waits waits;
    struct news work[NEWS_MAX]; /* The thread's copy. */
    bool is_away;               /* PostgreSQL; said once. */
    pthread_mutex_t lock;       /* Guards what follows. */
    pthread_cond_t came;
    struct news news[NEWS_MAX];
    size_t count;
};

/* --- what is told --------------------------------------------------------- */

static struct circuit_key key_of(const struct job *j)
{
    return (struct circuit_key){j->body->org_id, j->webhook_id};
}

static void tell(struct circuits *c, const struct news *n)
{
    pthread_mutex_lock(&c->lock);
    if (c->count < NEWS_MAX) {
        c->news[c->count++] = *n;
        pthread_cond_signal(&c->came);
    }
    pthread_mutex_unlock(&c->lock);
}

void circuits_fell(struct circuits *c, const struct job *j, unsigned failures)
{
    const struct news n = {
        .kind = NEWS_FELL, .key = key_of(j), .failures = failures};

    tell(c, &n);
}

/* A webhook whose secrets can't be opened is one that fails: once the key is
 * there, a probe finds out. */
void circuits_hold(struct circuits *c, struct job *j)
{
    const struct webhook_target *t = j->target;

    if (t->is_broken && t->is_enabled && !t->is_open) {
        circuits_fell(c, j, 1);
    }
    metrics_add(c->d->metrics, METER_HELD, 0, 1);
    outcome_hold(j, clock_wall_us());
}

void circuits_tried(struct circuits *c, const struct job *j)
{
    struct news n = {.key = key_of(j)};

    if (job_has_failed(j) || j->outcome.verdict != VERDICT_DELIVERED) {
        n.kind = NEWS_FAILED;
        (void)snprintf(n.error, sizeof n.error, "%.*s",
                       STR_ARGS(j->outcome.error));
    } else {
        n.kind = NEWS_WELL;
    }
    tell(c, &n);
}

/* --- what is done about it ------------------------------------------------ */

static void say(const char *what, struct circuit_key key, const char *name,
                int64_t number)
{
    log_info(what, LOG_ID("webhook", ID_WEBHOOK, key.webhook_id),
             LOG_ID("organization", ID_ORGANIZATION, key.org_id),
             LOG_INT(name, number));
}

static bool fell(struct circuits *c, const struct news *n, struct err *err)
{
    if (!circuit_open(c->d->db, n->key, (int)n->failures, c->waits,
                      clock_wall_us(), err)) {
        return false;
    }
    targets_forget(c->d->targets, n->key.org_id);
    metrics_add(c->d->metrics, METER_CIRCUITS, CIRCUIT_OPENED, 1);
    say("webhook.failing", n->key, "failures", n->failures);
    return true;
}

static bool well(struct circuits *c, const struct news *n, struct err *err)
{
    if (!circuit_close(c->d->db, n->key, clock_wall_us(), err)) {
        return false;
    }
    targets_forget(c->d->targets, n->key.org_id);
    metrics_add(c->d->metrics, METER_CIRCUITS, CIRCUIT_CLOSED, 1);
    say("webhook.recovering", n->key, "probes", 1);
    return true;
}

/* Failed for too long? Not by a few attempts that were far between. */
static bool failed(struct circuits *c, const struct news *n, struct err *err)
{
    const int64_t most_us =
        (int64_t)c->d->settings.disable_after_ms * US_PER_MS;
    const int64_t now_us = clock_wall_us();
    int64_t since_us = DB_TIME_NULL;
    int64_t failures = 0;
    char since[RFC3339_LEN + 1];
    char reason[REASON_BYTES];

    if (!circuit_failed(c->d->db, n->key, &since_us, &failures, err)) {
        return false;
    }
    if (failures < DISABLE_FAILURES_MIN || now_us - since_us < most_us) {
        return true;
    }
    rfc3339_write(since_us, since);
    (void)snprintf(reason, sizeof reason,
                   "Nothing but failures since %s, %" PRId64
                   " attempts. The last: %s",
                   since, failures, n->error);
    if (!webhook_disable(c->d->db, n->key.org_id, n->key.webhook_id,
                         str_of(reason), now_us, err)) {
        return false;
    }
    targets_forget(c->d->targets, n->key.org_id);
    metrics_add(c->d->metrics, METER_CIRCUITS, CIRCUIT_DISABLED, 1);
    say("webhook.disabled", n->key, "failures", failures);
    return true;
}

static bool hear(struct circuits *c, struct err *err)
{
    static bool (*const doing[])(struct circuits *, const struct news *,
                                 struct err *) = {
        [NEWS_FELL] = fell, [NEWS_FAILED] = failed, [NEWS_WELL] = well};
    size_t count = 0;

    pthread_mutex_lock(&c->lock);
    count = c->count;
    memcpy(c->work, c->news, count * sizeof *c->work);
    c->count = 0;
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < count; i++) {
        if (!doing[c->work[i].kind](c, &c->work[i], err)) {
            return false;
        }
    }
    return true;
}

/* --- probing -------------------------------------------------------------- */

/* The oldest that is held. When none is, the endpoint gets what comes: it has
 * to fall anew to be given a rest. */
static bool probe_one(struct circuits *c, struct circuit_key key,
                      struct err *err)
{
    struct dispatcher *d = c->d;
    const int64_t lease_us = (int64_t)d->settings.lease_ms * US_PER_MS;
    struct job_list send = {0};
    struct job_list ended = {0};
    struct delivery *row = NULL;
    size_t count = 0;

    arena_reset(c->arena);
    if (!circuit_claim(d->db, key, clock_wall_us() + lease_us, c->arena, &row,
                       &count, err)) {
        return false;
    }
    if (count == 0) {
        const struct news nothing = {.kind = NEWS_WELL, .key = key};
        return well(c, &nothing, err);
    }
    crash_point("probed");
    claim_take(d, row, true, &send, &ended);
    metrics_add(d->metrics, METER_CIRCUITS, CIRCUIT_PROBED, 1);
    workers_put(d->workers, &send);
    ledger_finish(d->ledger, &ended);
    return true;
}

static bool probe_all(struct circuits *c, struct err *err)
{
    struct circuit_key due[PROBES_MAX];
    size_t count = 0;

    if (!circuit_probe(c->d->db, c->waits, clock_wall_us(), PROBES_MAX, due,
                       &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!probe_one(c, due[i], err)) {
            return false;
        }
    }
    return true;
}

/* --- draining ------------------------------------------------------------- */

static bool drain_all(struct circuits *c, struct err *err)
{
    const struct dispatcher_settings *s = &c->d->settings;
    bool is_found = true;

    for (int i = 0; i < DRAINS_MAX && is_found; i++) {
        const struct circuit_drain how = {
            .now_us = clock_wall_us(),
            .max = s->held_rate * PORTION_S,
            .apart_us = US_PER_S / (int64_t)s->held_rate,
            .settle_us = ((int64_t)s->lease_ms + TARGETS_TTL_MS) * US_PER_MS,
        };
        size_t released = 0;
        if (!circuit_drain(c->d->db, &how, &is_found, &released, err)) {
            return false;
        }
        if (released > 0) {
            crash_point("drained");
        }
        metrics_add(c->d->metrics, METER_DRAINED, 0, (int64_t)released);
    }
    return true;
}

/* --- life ----------------------------------------------------------------- */

static void wait_turn(struct circuits *c)
{
    pthread_mutex_lock(&c->lock);
    if (c->count == 0 && !thread_is_stopping(&c->thread)) {
        cond_wait_us(&c->came, &c->lock, LOOK_MS * US_PER_MS);
    }
    pthread_mutex_unlock(&c->lock);
}

static void circuits_run(void *user)
{
    struct circuits *c = user;
    struct err err = ERR_NONE;

    while (!thread_is_stopping(&c->thread)) {
        wait_turn(c);
        bool ok = hear(c, &err) && probe_all(c, &err) && drain_all(c, &err);
        if (!ok && !c->is_away) {
            log_err(LOG_WARN, "circuits.waiting", &err, NULL, 0);
        }
        if (ok && c->is_away) {
            log_info("circuits.resumed", LOG_BOOL("ok", true));
        }
        c->is_away = !ok;
        err_clear(&err);
        if (!ok) {
            (void)thread_rest(&c->thread, REST_MS);
        }
    }
}

struct circuits *circuits_new(struct dispatcher *d)
{
    struct circuits *c = mem_zero(1, sizeof *c);

    c->d = d;
    c->arena = arena_new(ARENA_BYTES);
    c->waits = (struct circuit_waits){(int64_t)d->settings.probe_wait_ms,
                                      (int64_t)d->settings.probe_wait_max_ms};
    pthread_mutex_init(&c->lock, NULL);
    cond_init_steady(&c->came);
    return c;
}

bool circuits_start(struct circuits *c, struct err *err)
{
    return thread_start(&c->thread, "circuits", circuits_run, c, err);
}

void circuits_stop(struct circuits *c)
{
    if (c == NULL) {
        return;
    }
    thread_stop(&c->thread);
    pthread_mutex_lock(&c->lock);
    pthread_cond_broadcast(&c->came);
    pthread_mutex_unlock(&c->lock);
    thread_join(&c->thread);
}

void circuits_close(struct circuits *c)
{
    if (c == NULL) {
        return;
    }
    circuits_stop(c);
    arena_free(c->arena);
    free(c);
}

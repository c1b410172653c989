/* Stands beside the lanes: what their breakers find is made known to all
 * dispatchers here, and taken back.
 *
 * Happy path: circuits_fell -> store's circuit_open (announced: from now on
 * every dispatcher holds its events) … a probe is due -> circuit_probe -> one
 * held delivery, another each time, goes onto the road as a probe ->
 * circuits_tried: well -> circuit_close -> portions of what is held become due,
 * in order, until none is left. Endings: a probe fails -> the next one, later;
 * for too long and too often, or one is gone (410) -> the webhook is disabled
 * (ending.c). A webhook enabled by hand drains as well. PostgreSQL away: news
 * waits; what has no room, or dies with the process, is found by what is held
 * (sweep.c). Every change is an event too, in the same transaction. */
#include "dispatcher/circuits.h"

#include "dispatcher/breaker.h"
#include "dispatcher/claim.h"
#include "dispatcher/ending.h"
#include "dispatcher/ledger.h"
#include "dispatcher/meter.h"
#include "dispatcher/news.h"
#include "dispatcher/outcome.h"
#include "dispatcher/sweep.h"
#include "dispatcher/thread.h"
#include "dispatcher/worker.h"

#include "base/clock.h"
#include "base/crash.h"
#include "log/log.h"
#include "store/circuit.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#define LOOK_MS 500
#define COUNT_US (10 * US_PER_S)
#define PROBES_MAX 32
#define FAULTS_MAX 3 /* In one turn; then PostgreSQL is taken to be away. */
#define PORTION_S 2  /* Of a drain, made due at once. */
#define DRAINS_MAX 64
#define DOUBT_US (7 * 86400LL * US_PER_S) /* Looked back for failures. */
#define ARENA_BYTES 65536

#define NOTHING_HELD                                                           \
    "Nothing is held for it that could be tried, so it gets what comes: "      \
    "whether it answers will be seen then."
#define ANSWERS "It answers again: what was held goes out now."

struct circuits {
    struct dispatcher *d;
    struct thread thread;
    struct arena *arena;
    struct circuit_waits waits;
    int64_t most_us; /* Of nothing but failures. */
    struct sweep sweep;
    struct news_queue news;
    struct news work[NEWS_MAX]; /* The thread's copy. */
    int64_t count_at_us;        /* Steady clock. */
    bool is_away;               /* PostgreSQL; said once. */
};

/* --- what is told --------------------------------------------------------- */

static struct webhook_key key_of(const struct job *j)
{
    return (struct webhook_key){j->body->org_id, j->webhook_id};
}

static struct news news_of(enum news_kind kind, const struct job *j)
{
    const struct circuit_why why = outcome_why(j);
    struct news n = {.kind = kind,
                     .key = key_of(j),
                     .status = why.status,
                     .failure = why.failure,
                     .not_before_us = why.not_before_us,
                     .seen_us = why.seen_us};

    news_say(&n, why.detail);
    return n;
}

void circuits_fell(struct circuits *c, const struct job *j, unsigned failures)
{
    struct news n = news_of(NEWS_FELL, j);

    n.failures = failures;
    news_add(&c->news, &n);
}

void circuits_doubt(struct circuits *c, const struct job *j)
{
    const struct news n = news_of(NEWS_DOUBT, j);

    news_add(&c->news, &n);
}

void circuits_gone(struct circuits *c, const struct job *j)
{
    const struct news n = news_of(NEWS_GONE, j);

    news_add(&c->news, &n);
}

/* A webhook whose secrets can't be opened is one that fails: once the key is
 * there, a probe finds out. */
void circuits_hold(struct circuits *c, struct job *j)
{
    const struct webhook_target *t = j->target;

    if (t->is_broken && t->is_enabled && !t->is_open) {
        const enum refusal why = REFUSAL_SECRET_LOCKED;
        struct news n = {.kind = NEWS_FELL,
                         .key = key_of(j),
                         .failures = 1,
                         .failure = str_of(refusal_word(why)),
                         .not_before_us = DB_TIME_NULL,
                         .seen_us = DB_TIME_NULL};
        news_say(&n, str_of(refusal_says(why)));
        news_add(&c->news, &n);
    }
    metrics_add(c->d->metrics, METER_HELD, 0, 1);
    outcome_hold(j, clock_wall_us());
}

void circuits_tried(struct circuits *c, const struct job *j)
{
    bool is_well =
        !job_has_failed(j) && j->outcome.verdict == VERDICT_DELIVERED;
    struct news n = news_of(is_well ? NEWS_WELL : NEWS_FAILED, j);

    if (is_well) {
        news_say(&n, STR(ANSWERS));
    }
    news_add(&c->news, &n);
}

/* --- what is done about it ------------------------------------------------ */

static void say(const char *what, struct webhook_key key, const char *name,
                int64_t number)
{
    log_info(what, LOG_ID("webhook", ID_WEBHOOK, key.webhook_id),
             LOG_ID("organization", ID_ORGANIZATION, key.org_id),
             LOG_INT(name, number));
}

static bool fell(struct circuits *c, const struct news *n, struct err *err)
{
    const int64_t now_us = clock_wall_us();
    const struct circuit_fall fall = {
        .failures = (int)n->failures,
        .since_us = now_us - DOUBT_US - c->most_us,
        .waits = c->waits,
        .why = news_why(n),
        .now_us = now_us,
    };
    struct circuit_fallen fallen = {0};

    if (!circuit_open(c->d->db, n->key, &fall, &fallen, err)) {
        return false;
    }
    targets_forget(c->d->targets, n->key.org_id);
    if (!fallen.changed) {
        return true;
    }
    metrics_add(c->d->metrics, METER_CIRCUITS, CIRCUIT_OPENED, 1);
    say("webhook.failing", n->key, "failures", fallen.failures);
    return ending_old(c->d, n, fallen.since_us, fallen.failures, err);
}

static bool doubt(struct circuits *c, const struct news *n, struct err *err)
{
    const int64_t since_us = clock_wall_us() - DOUBT_US;
    struct news fallen = *n;
    int64_t failures = 0;

    if (!circuit_doubt(c->d->db, n->key, since_us, &failures, err)) {
        return false;
    }
    fallen.failures = (unsigned)MIN_OF(failures, INT_MAX);
    return failures < BREAKER_IN_A_ROW || fell(c, &fallen, err);
}

/* Told, or found by a probe that found nothing (NEWS_QUIET). */
static bool well(struct circuits *c, const struct news *n, struct err *err)
{
    const struct circuit_rise rise = {news_why(n), n->kind == NEWS_WELL,
                                      clock_wall_us()};
    bool changed = false;

    if (!circuit_close(c->d->db, n->key, &rise, &changed, err)) {
        return false;
    }
    targets_forget(c->d->targets, n->key.org_id);
    if (changed) {
        metrics_add(c->d->metrics, METER_CIRCUITS, CIRCUIT_CLOSED, 1);
        say("webhook.recovering", n->key, "probes", 1);
    }
    return true;
}

static bool failed(struct circuits *c, const struct news *n, struct err *err)
{
    int64_t since_us = DB_TIME_NULL;
    int64_t failures = 0;

    return circuit_failed(c->d->db, n->key, n->not_before_us, &since_us,
                          &failures, err) &&
           ending_old(c->d, n, since_us, failures, err);
}

static bool gone(struct circuits *c, const struct news *n, struct err *err)
{
    return ending_gone(c->d, n, err);
}

static bool is_among(const struct news *list, size_t count,
                     const struct news *n)
{
    while (count > 0 &&
           !id_eq(list[count - 1].key.webhook_id, n->key.webhook_id)) {
        count--;
    }
    return count > 0;
}

static bool may_be_later(const struct err *err)
{
    return err->code == ERR_UNAVAILABLE || err->code == ERR_CONFLICT;
}

/* What can't be done for now is done later, and with it what came after it of
 * the same webhook. The others go on: somebody may only sit on its row. *err is
 * the last one's. */
static bool hear(struct circuits *c, struct err *err)
{
    static bool (*const doing[])(struct circuits *, const struct news *,
                                 struct err *) = {[NEWS_FELL] = fell,
                                                  [NEWS_FAILED] = failed,
                                                  [NEWS_WELL] = well,
                                                  [NEWS_DOUBT] = doubt,
                                                  [NEWS_GONE] = gone};
    const size_t count = news_take(&c->news, c->work);
    size_t kept = 0;
    size_t faults = 0;

    for (size_t i = 0; i < count; i++) {
        const struct news n = c->work[i];
        bool is_kept = faults == FAULTS_MAX || is_among(c->work, kept, &n);
        if (!is_kept && !doing[n.kind](c, &n, err)) {
            faults++;
            is_kept = may_be_later(err);
        }
        if (is_kept) {
            c->work[kept++] = n;
        }
    }
    news_give_back(&c->news, c->work, kept);
    return faults == 0;
}

/* --- probing -------------------------------------------------------------- */

/* Nothing is held. What is under way, or waits for its retry, will be: it is
 * tried then. Else the endpoint gets what comes, and has to fall anew to be
 * given a rest; then it fails since before, when nothing was answered well. */
static bool probe_none(struct circuits *c, struct webhook_key key,
                       struct err *err)
{
    struct news nothing = {.kind = NEWS_QUIET,
                           .key = key,
                           .not_before_us = DB_TIME_NULL,
                           .seen_us = DB_TIME_NULL};
    bool waits = false;

    if (!circuit_is_busy(c->d->db, key, &waits, err)) {
        return false;
    }
    news_say(&nothing, STR(NOTHING_HELD));
    return waits || well(c, &nothing, err);
}

/* One that is held. */
static bool probe_one(struct circuits *c, struct webhook_key key,
                      struct err *err)
{
    struct dispatcher *d = c->d;
    const int64_t lease_us = (int64_t)d->settings.lease_ms * US_PER_MS;
    struct job_list send = {0};
    struct job_list ended = {0};
    struct delivery *row = NULL;
    size_t count = 0;
    const int64_t now_us = clock_wall_us();
    const struct circuit_ask ask = {now_us, now_us + lease_us,
                                    (int64_t)d->settings.max_age_ms};

    arena_reset(c->arena);
    if (!circuit_claim(d->db, key, &ask, c->arena, &row, &count, err)) {
        return false;
    }
    if (count == 0) {
        return probe_none(c, key, err);
    }
    crash_point("probed");
    claim_probe(d, row, &send, &ended);
    metrics_add(d->metrics, METER_CIRCUITS, CIRCUIT_PROBED, 1);
    workers_put(d->workers, &send);
    ledger_finish(d->ledger, &ended);
    return true;
}

static bool probe_all(struct circuits *c, struct err *err)
{
    struct webhook_key due[PROBES_MAX];
    size_t count = 0;

    if (!circuit_probe(c->d->db, c->waits, clock_wall_us(), PROBES_MAX, due,
                       &count, err)) {
        return false;
    }
    /* All of them: their next turn is set by now. */
    size_t faults = 0;
    for (size_t i = 0; i < count && faults < FAULTS_MAX; i++) {
        faults += !probe_one(c, due[i], err);
    }
    return faults == 0;
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
            .max_age_ms = (int64_t)s->max_age_ms,
            .old = {.failure = str_of(refusal_word(REFUSAL_TOO_OLD)),
                    .detail = str_of(refusal_says(REFUSAL_TOO_OLD))},
        };
        struct circuit_drained drained = {0};
        if (!circuit_drain(c->d->db, &how, &is_found, &drained, err)) {
            return false;
        }
        if (drained.released > 0) {
            crash_point("drained");
        }
        metrics_add(c->d->metrics, METER_DRAINED, 0, (int64_t)drained.released);
        metrics_add(c->d->metrics, METER_REFUSED, 0, (int64_t)drained.given_up);
    }
    return true;
}

/* --- life ----------------------------------------------------------------- */

/* For the metrics. */
static bool count_all(struct circuits *c, struct err *err)
{
    const int64_t now_us = clock_steady_us();
    struct circuit_counts counts = {0};

    if (now_us < c->count_at_us) {
        return true;
    }
    if (!circuit_count(c->d->db, &counts, err)) {
        return false;
    }
    c->count_at_us = now_us + COUNT_US;
    metrics_set(c->d->metrics, METER_CIRCUITS_NOW, CIRCUIT_IS_OPEN,
                counts.open);
    metrics_set(c->d->metrics, METER_CIRCUITS_NOW, CIRCUIT_IS_DRAINING,
                counts.draining);
    return true;
}

static bool sweep(struct circuits *c, struct err *err)
{
    return sweep_look(c->d, &c->sweep, err);
}

/* Each by itself: what stops one need not stop the others. *err is the last
 * one's. */
static bool take_turn(struct circuits *c, struct err *err)
{
    static bool (*const parts[])(struct circuits *, struct err *) = {
        hear, probe_all, drain_all, sweep, count_all};
    bool ok = true;

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        ok = parts[i](c, err) && ok;
    }
    return ok;
}

static void circuits_run(void *user)
{
    struct circuits *c = user;
    struct err err = ERR_NONE;

    while (!thread_is_stopping(&c->thread)) {
        news_wait(&c->news, &c->thread, LOOK_MS * US_PER_MS);
        bool ok = take_turn(c, &err);
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
    c->most_us = (int64_t)d->settings.disable_after_ms * US_PER_MS;
    news_open(&c->news);
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
    news_wake(&c->news);
    thread_join(&c->thread);
}

void circuits_flush(struct circuits *c)
{
    struct err err = ERR_NONE;

    if (c != NULL && !hear(c, &err)) {
        log_err(LOG_WARN, "circuits.left_unwritten", &err, NULL, 0);
    }
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

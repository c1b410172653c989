/* Chores in PostgreSQL and an eye on Redis, from main's idle loop. */
#include "gateway/upkeep.h"

#include "base/clock.h"
#include "gateway/calls.h"
#include "gateway/metrics.h"
#include "gateway/private.h"
#include "gateway/usage.h"
#include "log/log.h"
#include "store/delivery.h"
#include "store/event_log.h"
#include "store/hours.h"
#include "store/idempotency.h"
#include "store/organization.h"
#include "store/outbox.h"
#include "store/partition.h"
#include "store/replay.h"
#include "store/person_session.h"
#include "store/sealed.h"

#include <stdlib.h>

#define UPKEEP_AGAIN_US (30 * US_PER_S) /* After a failure, at most. */
#define USE_ROUNDS_MAX 100
#define KEY_HOURS_KEPT_MS (8ULL * 86400 * MS_PER_S)
#define CLEAN_ROUNDS_MAX 20 /* Main has other things to do as well. */

static int64_t ago_us(uint64_t ms)
{
    return clock_wall_us() - (int64_t)ms * US_PER_MS;
}

void upkeep_init(struct upkeep *u)
{
    *u = (struct upkeep){0};
}

/* A gateway goes on without Redis, so that nobody would hear of it. */
static void watch_redis(struct upkeep *u, struct gateway *g)
{
    char life[KV_LIFE_MAX];
    struct err why = ERR_NONE;
    bool is_away = false;

    /* Connects if nothing ever did: a refused password shows at the start. */
    (void)!kv_life(g->kv, life, &why);
    is_away = kv_trouble(g->kv, &why);
    if (is_away && !u->is_redis_away) {
        log_err(LOG_WARN, "redis.away", &why, NULL, 0);
    } else if (!is_away && u->is_redis_away) {
        log_write(LOG_INFO, "redis.back", NULL, 0);
    }
    u->is_redis_away = is_away;
}

static bool ensure_partitions(struct upkeep *u, struct gateway *g,
                              struct err *err)
{
    (void)u;
    return partitions_ensure(g->db, clock_wall_us(), PARTITION_DAYS, err);
}

static void tell_held(void *user, const struct err *why)
{
    (void)user;
    log_err(LOG_WARN, "partition.held", why, NULL, 0);
}

static bool empty_defaults(struct upkeep *u, struct gateway *g, struct err *err)
{
    (void)u;
    return partitions_empty_defaults(g->db, tell_held, NULL, err);
}

static void tell_dropped(void *user, struct str name)
{
    (void)user;
    log_info("partition.dropped", LOG_STR("partition", name));
}

/* Nobody got them, and nobody can any more. */
static void tell_lost(void *user, const struct partition_lost *lost)
{
    (void)user;
    log_warn("deliveries.held_dropped",
             LOG_ID("webhook", ID_WEBHOOK, lost->key.webhook_id),
             LOG_ID("organization", ID_ORGANIZATION, lost->key.org_id),
             LOG_INT("deliveries", lost->deliveries));
}

static bool drop_old(struct upkeep *u, struct gateway *g, struct err *err)
{
    const struct retention keep = {
        .events_ms = (int64_t)g->settings.retention_events_ms,
        .deliveries_ms = (int64_t)g->settings.retention_deliveries_ms,
        .attempts_ms = (int64_t)g->settings.retention_attempts_ms,
    };
    const struct partition_listener tell = {tell_dropped, tell_lost, NULL};

    (void)u;
    return partitions_drop_old(g->db, &keep, clock_wall_us(), &tell, err);
}

typedef bool clean_fn(struct db *db, int64_t before_us, int64_t *removed,
                      struct err *err);

/* In rounds of at most so many rows; the rest next time. *all: how many. */
static bool clean_told(struct gateway *g, clean_fn *remove, int64_t before_us,
                       int64_t most, int64_t *all, struct err *err)
{
    int64_t removed = most;

    *all = 0;
    for (int i = 0; i < CLEAN_ROUNDS_MAX && removed == most; i++) {
        if (!remove(g->db, before_us, &removed, err)) {
            return false;
        }
        *all += removed;
    }
    return true;
}

static bool clean(struct gateway *g, clean_fn *remove, int64_t before_us,
                  int64_t most, struct err *err)
{
    int64_t all = 0;

    return clean_told(g, remove, before_us, most, &all, err);
}

static bool end_some(struct db *db, int64_t before_us, int64_t *ended,
                     struct err *err)
{
    return delivery_end_waiting(db, before_us, clock_wall_us(), ended, err);
}

/* They would keep their day, and with it everybody's deliveries of that day. A
 * day of grace: what waits for seconds, as a retry or by hand, is not meant. */
static bool end_waiting(struct upkeep *u, struct gateway *g, struct err *err)
{
    const uint64_t keep_ms = g->settings.retention_deliveries_ms;
    int64_t all = 0;
    bool ok =
        keep_ms == 0 || clean_told(g, end_some, ago_us(keep_ms) - US_PER_DAY,
                                   DELIVERY_END_MAX, &all, err);

    (void)u;
    if (all > 0) {
        log_warn("deliveries.waited_too_long", LOG_INT("deliveries", all));
    }
    return ok;
}

static bool clean_answers(struct upkeep *u, struct gateway *g, struct err *err)
{
    (void)u;
    return clean(g, idempotency_clean, clock_wall_us(), IDEMPOTENCY_CLEAN_MAX,
                 err);
}

/* As long as the deliveries that they were of. */
static bool clean_replays(struct upkeep *u, struct gateway *g, struct err *err)
{
    const uint64_t keep_ms = g->settings.retention_deliveries_ms;

    (void)u;
    return keep_ms == 0 ||
           clean(g, replay_clean, ago_us(keep_ms), REPLAY_CLEAN_MAX, err);
}

static bool clean_hours(struct upkeep *u, struct gateway *g, struct err *err)
{
    const uint64_t keep_ms = g->settings.retention_stats_ms;

    (void)u;
    return keep_ms == 0 ||
           clean(g, hours_clean, ago_us(keep_ms), HOURS_CLEAN_MAX, err);
}

static bool clean_audit(struct upkeep *u, struct gateway *g, struct err *err)
{
    const uint64_t keep_ms = g->settings.retention_audit_ms;

    (void)u;
    return keep_ms == 0 ||
           clean(g, audit_clean, ago_us(keep_ms), AUDIT_CLEAN_MAX, err);
}

/* One statement for up to KEY_TOUCH_MAX keys, never one per request. */
static bool write_uses(struct upkeep *u, struct gateway *g, struct err *err)
{
    struct key_use *list = mem_zero(KEY_TOUCH_MAX, sizeof *list);
    size_t count = KEY_TOUCH_MAX;
    bool ok = true;

    (void)u;
    for (int i = 0; ok && i < USE_ROUNDS_MAX && count == KEY_TOUCH_MAX; i++) {
        count = usage_take(g->usage, list, KEY_TOUCH_MAX);
        ok = count == 0 || (key_touch(g->db, list, count, err) &&
                            key_hours_add(g->db, list, count, err));
    }
    if (!ok) {
        usage_give_back(g->usage, list, count);
    }
    free(list);
    return ok;
}

static bool clean_key_hours(struct upkeep *u, struct gateway *g,
                            struct err *err)
{
    (void)u;
    return clean(g, key_hours_clean, ago_us(KEY_HOURS_KEPT_MS),
                 KEY_HOURS_CLEAN_MAX, err);
}

static bool clean_sessions(struct upkeep *u, struct gateway *g, struct err *err)
{
    (void)u;
    return clean(g, person_session_clean, clock_wall_us(), SESSION_CLEAN_MAX,
                 err);
}

/* What keys were used for lately; what Redis does not take is lost. */
static bool write_calls(struct upkeep *u, struct gateway *g, struct err *err)
{
    (void)u;
    (void)err;
    calls_flush(g->calls, g->kv);
    return true;
}

/* A transaction that was left open holds back all readers of the event log, and
 * nobody else would notice. One that is seen for the first time may be older:
 * it counts from when it was the one that holds. */
static bool watch_log(struct upkeep *u, struct gateway *g, struct err *err)
{
    int64_t now_us = clock_steady_us();
    int64_t holder = 0;

    if (!event_log_holder(g->db, &holder, err)) {
        return false;
    }
    if (holder == 0 || holder != u->log_holder) {
        u->log_holder = holder;
        u->log_since_us = now_us;
    }
    gateway_metrics_log_held(g->metrics, now_us - u->log_since_us);
    return true;
}

/* Not when somebody asks for the metrics: who looks why PostgreSQL does not
 * answer would wait for it. It is asked again soon, so a failure is none of the
 * chore's; the relay tells the log. */
static bool watch_outbox(struct upkeep *u, struct gateway *g, struct err *err)
{
    int64_t rows = 0;
    int64_t oldest_us = 0;
    bool is_up = outbox_depth(g->db, clock_wall_us(), &rows, &oldest_us, err);

    (void)u;
    gateway_metrics_postgresql(g->metrics, is_up);
    if (is_up) {
        gateway_metrics_outbox(g->metrics, rows, oldest_us);
    }
    err_clear(err);
    return true;
}

/* As the outbox: nobody who asks whether we are ready waits for it. */
static bool watch_schema(struct upkeep *u, struct gateway *g, struct err *err)
{
    (void)u;
    (void)err;
    private_ask_schema(g);
    return true;
}

/* What a change of the master key has left to do; and a webhook whose secret no
 * known key opens gets nothing, which nobody else would hear of. */
static bool tell_seals(struct upkeep *u, struct gateway *g, struct err *err)
{
    struct arena *arena = arena_new(1024);
    struct sealed_count *list = NULL;
    size_t count = 0;
    bool ok =
        sealed_count(g->db, clock_wall_us(), false, arena, &list, &count, err);

    (void)u;
    for (size_t i = 0; ok && i < count; i++) {
        const struct log_field fields[] = {
            LOG_STR("key_id", list[i].key_id),
            LOG_INT("secrets", list[i].secrets),
            LOG_INT("previous_secrets", list[i].previous),
            LOG_INT("sealed_headers", list[i].headers),
            LOG_INT("sealed_certificates", list[i].certificates),
            LOG_INT("authenticators", list[i].authenticators),
        };

        if (seal_key_is_known(&g->seal_keys, list[i].key_id)) {
            log_write(LOG_INFO, "secrets.sealed", fields, COUNT_OF(fields));
        } else {
            log_write(LOG_WARN, "secrets.key_unknown", fields,
                      COUNT_OF(fields));
        }
    }
    arena_free(arena);
    return ok;
}

void upkeep_end(struct gateway *g)
{
    struct err err = ERR_NONE;

    if (g->calls != NULL && g->kv != NULL) {
        calls_flush(g->calls, g->kv);
    }
    if (g->usage != NULL && g->db != NULL && !write_uses(NULL, g, &err)) {
        log_err(LOG_WARN, "keys.uses_lost", &err, NULL, 0);
    }
}

static const struct chore {
    const char *name;
    bool (*run)(struct upkeep *u, struct gateway *g, struct err *err);
    int64_t every_us;
} chores[] = {
    {"partitions", ensure_partitions, US_PER_HOUR},
    {"default partitions", empty_defaults, US_PER_HOUR},
    {"waiting deliveries", end_waiting, 60 * US_PER_S},
    {"old partitions", drop_old, US_PER_HOUR},
    {"answers", clean_answers, 60 * US_PER_S},
    {"replays", clean_replays, US_PER_HOUR},
    {"hours", clean_hours, US_PER_HOUR},
    {"audit log", clean_audit, US_PER_HOUR},
    {"key uses", write_uses, 30 * US_PER_S},
    {"event log", watch_log, US_PER_S},
    {"outbox", watch_outbox, US_PER_S},
    {"schema", watch_schema, US_PER_S},
    {"calls", write_calls, US_PER_S},
    {"key hours", clean_key_hours, US_PER_HOUR},
    {"sessions", clean_sessions, US_PER_HOUR},
    {"seals", tell_seals, 86400 * US_PER_S},
};
_Static_assert(COUNT_OF(chores) == UPKEEP_CHORES, "one state each");

/* Days begin by the wall clock; one that was set back holds nothing up. */
static bool is_due(const struct upkeep *u, size_t i, int64_t now_us)
{
    int64_t left_us = u->chores[i].due_us - now_us;

    return left_us <= 0 ||
           left_us > MAX_OF(chores[i].every_us, UPKEEP_AGAIN_US);
}

static void do_chore(struct upkeep *u, size_t i, struct gateway *g)
{
    int64_t now_us = clock_wall_us();
    struct err err = ERR_NONE;

    if (!is_due(u, i, now_us)) {
        return;
    }
    if (chores[i].run(u, g, &err)) {
        u->chores[i].due_us = now_us + chores[i].every_us;
        u->chores[i].is_failing = false;
        return;
    }
    u->chores[i].due_us = now_us + MIN_OF(chores[i].every_us, UPKEEP_AGAIN_US);
    if (!u->chores[i].is_failing) {
        const struct log_field field = LOG_TEXT("chore", chores[i].name);

        log_err(LOG_WARN, "upkeep.failed", &err, &field, 1);
    }
    u->chores[i].is_failing = true;
}

void upkeep_turn(struct upkeep *u, struct gateway *g)
{
    watch_redis(u, g);
    for (size_t i = 0; i < COUNT_OF(chores); i++) {
        do_chore(u, i, g);
    }
}

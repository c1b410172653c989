/* Partitions ahead and an eye on Redis, from main's idle loop. */
#include "gateway/upkeep.h"

#include "base/clock.h"
#include "log/log.h"
#include "store/migrate.h"

#define UPKEEP_EVERY_US (3600 * US_PER_S)
#define UPKEEP_AGAIN_US (30 * US_PER_S) /* After a failure. */

void upkeep_init(struct upkeep *u)
{
    u->due_us = 0;
    u->is_failing = false;
    u->is_redis_away = false;
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

static void ensure_partitions(struct upkeep *u, struct gateway *g)
{
    int64_t now_us = clock_steady_us();
    struct err err = ERR_NONE;

    if (now_us < u->due_us) {
        return;
    }
    if (partitions_ensure(g->db, clock_wall_us(), PARTITION_DAYS, &err)) {
        u->due_us = now_us + UPKEEP_EVERY_US;
        u->is_failing = false;
        return;
    }
    u->due_us = now_us + UPKEEP_AGAIN_US;
    if (!u->is_failing) {
        log_err(LOG_WARN, "upkeep.failed", &err, NULL, 0);
    }
    u->is_failing = true;
}

void upkeep_turn(struct upkeep *u, struct gateway *g)
{
    watch_redis(u, g);
    ensure_partitions(u, g);
}

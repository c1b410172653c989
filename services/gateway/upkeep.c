/* Partitions ahead, from main's idle loop. */
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
}

void upkeep_turn(struct upkeep *u, struct gateway *g)
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

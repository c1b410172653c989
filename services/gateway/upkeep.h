/* What is done now and then: day partitions are made ahead, and for rows that
 * came before their day's; answers that were kept for long enough are removed
 * (some gateway must, whoever does it); the log is told when Redis goes and
 * comes, and the metrics what holds back the event log. Belongs to main's
 * thread. */
#ifndef PORTER_GATEWAY_UPKEEP_H
#define PORTER_GATEWAY_UPKEEP_H

#include "gateway/gateway.h"

#define UPKEEP_CHORES 16

struct upkeep {
    struct {
        int64_t due_us; /* Wall clock. */
        bool is_failing;
    } chores[UPKEEP_CHORES];
    bool is_redis_away;
    int64_t log_holder;   /* The transaction below which the event log ends, */
    int64_t log_since_us; /* and since when we have seen it there. */
};

/* The first turn does everything. */
void upkeep_init(struct upkeep *u);

/* Do what is due. Failures are logged once and tried again soon; a second
 * gateway that does the same is no harm. */
void upkeep_turn(struct upkeep *u, struct gateway *g);

/* What must not be left: when keys were last used. At the end of the process,
 * with nobody inside. */
void upkeep_end(struct gateway *g);

#endif

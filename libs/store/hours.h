/* What webhooks' endpoints did, by the hour: sums that delivery_insert and
 * delivery_record add to, so that nobody has to count. */
#ifndef PORTER_STORE_HOURS_H
#define PORTER_STORE_HOURS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "db/db.h"

#define HOURS_SLOTS 13

struct hours_counts {
    int64_t delivered, failed; /* Deliveries that ended so. */
    /* Attempts by verdict; their sum is that of `took`. */
    int64_t succeeded, retry, give_up, disable;
    int64_t took[HOURS_SLOTS]; /* Attempts by how long they took. */
};

struct hour {
    int64_t at_us; /* When it began. */
    struct hours_counts counts;
};

/* Those hours from from_us to before to_us in which something was, the oldest
 * first. */
MUST_USE bool hours_list(struct db *db, struct id org_id, struct id webhook_id,
                         int64_t from_us, int64_t to_us, struct arena *arena,
                         struct hour **list, size_t *count, struct err *err);

/* Of each webhook of an organization. */
struct hours_of_webhook {
    struct id webhook_id;
    struct hours_counts counts;
    int64_t failed_at_us; /* The last hour with a failed attempt, or
                             DB_TIME_NULL. */
    int64_t held;         /* At most HOURS_HELD_MAX are counted. */
};

/* Of all webhooks, by their ids, since from_us (the beginning of an hour). */
#define HOURS_HELD_MAX 1000
MUST_USE bool hours_of_all(struct db *db, struct id org_id, int64_t from_us,
                           struct arena *arena, struct hours_of_webhook **list,
                           size_t *count, struct err *err);

/* Which of the rows of an hour this thread adds to: any, always the same. So
 * threads and processes seldom meet in one; when they do, one waits. */
int64_t hours_shard(void);

void hours_add(struct hours_counts *sum, const struct hours_counts *more);

int64_t hours_attempts(const struct hours_counts *c);

/* How long at most so many of 100 attempts took, as if they were spread evenly
 * within each slot; the bound of the last for what is beyond it. Pure; there
 * must be an attempt. */
int64_t hours_quantile_us(const struct hours_counts *c, unsigned percent);

/* Forget what is before, at most HOURS_CLEAN_MAX rows at a time. */
#define HOURS_CLEAN_MAX 10000
MUST_USE bool hours_clean(struct db *db, int64_t before_us, int64_t *removed,
                          struct err *err);

#endif

/* The sums of hours: read, and what they say. */
#include "store/hours.h"

#include "base/clock.h"
#include "base/random.h"
#include "clean.h"
#include "store_sql.h"

#include <assert.h>

#define SHARDS 32

/* Where slots end (sql/delivery.sql has the same); the last has no end. */
static const int64_t bounds_us[HOURS_SLOTS - 1] = {
    5000,   10000,   20000,   50000,   100000,   200000,
    500000, 1000000, 2000000, 5000000, 10000000, 20000000,
};

/* The sums stand behind what they are of. */
enum sum_column {
    SUM_OF,
    SUM_DELIVERED,
    SUM_FAILED,
    SUM_SUCCEEDED,
    SUM_RETRY,
    SUM_GIVE_UP,
    SUM_DISABLE,
    SUM_TOOK,
    SUM_FAILED_AT = SUM_TOOK + HOURS_SLOTS,
    SUM_HELD,
};

static struct hours_counts counts_read(const struct db_rows *rows, size_t i)
{
    struct hours_counts c = {
        .delivered = db_int(rows, i, SUM_DELIVERED),
        .failed = db_int(rows, i, SUM_FAILED),
        .succeeded = db_int(rows, i, SUM_SUCCEEDED),
        .retry = db_int(rows, i, SUM_RETRY),
        .give_up = db_int(rows, i, SUM_GIVE_UP),
        .disable = db_int(rows, i, SUM_DISABLE),
    };

    for (size_t slot = 0; slot < HOURS_SLOTS; slot++) {
        c.took[slot] = db_int(rows, i, SUM_TOOK + slot);
    }
    return c;
}

bool hours_list(struct db *db, struct id org_id, struct id webhook_id,
                int64_t from_us, int64_t to_us, struct arena *arena,
                struct hour **list, size_t *count, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_hours_sum,
                ARGS(ARG_UUID(org_id), ARG_UUID(webhook_id), ARG_TIME(from_us),
                     ARG_TIME(to_us)),
                &rows, err)) {
        return false;
    }
    size_t n = db_count(rows);
    struct hour *all = arena_zero(arena, n + 1, sizeof *all);
    for (size_t i = 0; i < n; i++) {
        all[i] = (struct hour){db_time(rows, i, SUM_OF), counts_read(rows, i)};
    }
    db_rows_free(rows);
    *list = all;
    *count = n;
    return true;
}

bool hours_of_all(struct db *db, struct id org_id, int64_t from_us,
                  struct arena *arena, struct hours_of_webhook **list,
                  size_t *count, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(
            db, &sql_hours_of_all,
            ARGS(ARG_UUID(org_id), ARG_TIME(from_us), ARG_INT(HOURS_HELD_MAX)),
            &rows, err)) {
        return false;
    }
    size_t n = db_count(rows);
    struct hours_of_webhook *all = arena_zero(arena, n + 1, sizeof *all);
    for (size_t i = 0; i < n; i++) {
        all[i] = (struct hours_of_webhook){
            db_uuid(rows, i, SUM_OF), counts_read(rows, i),
            db_time(rows, i, SUM_FAILED_AT), db_int(rows, i, SUM_HELD)};
    }
    db_rows_free(rows);
    *list = all;
    *count = n;
    return true;
}

void hours_add(struct hours_counts *sum, const struct hours_counts *more)
{
    sum->delivered += more->delivered;
    sum->failed += more->failed;
    sum->succeeded += more->succeeded;
    sum->retry += more->retry;
    sum->give_up += more->give_up;
    sum->disable += more->disable;
    for (size_t slot = 0; slot < HOURS_SLOTS; slot++) {
        sum->took[slot] += more->took[slot];
    }
}

int64_t hours_attempts(const struct hours_counts *c)
{
    return c->succeeded + c->retry + c->give_up + c->disable;
}

int64_t hours_quantile_us(const struct hours_counts *c, unsigned percent)
{
    int64_t total = 0;
    int64_t before = 0; /* Hundredths of attempts in the slots before. */
    int64_t begin_us = 0;

    for (size_t slot = 0; slot < HOURS_SLOTS; slot++) {
        total += c->took[slot];
    }
    assert(total > 0 && percent <= 100);
    const int64_t rank = total * percent;
    for (size_t slot = 0; slot < HOURS_SLOTS - 1; slot++) {
        const int64_t here = c->took[slot] * 100;
        if (here > 0 && before + here >= rank) {
            return begin_us +
                   (bounds_us[slot] - begin_us) * (rank - before) / here;
        }
        before += here;
        begin_us = bounds_us[slot];
    }
    return begin_us;
}

int64_t hours_shard(void)
{
    static _Thread_local uint64_t drawn; /* 0: not yet */

    while (drawn == 0) {
        random_bytes(&drawn, sizeof drawn);
    }
    return (int64_t)(drawn % SHARDS);
}

bool hours_clean(struct db *db, int64_t before_us, int64_t *removed,
                 struct err *err)
{
    return clean_rows(db, &sql_hours_clean, before_us, HOURS_CLEAN_MAX, removed,
                      err);
}

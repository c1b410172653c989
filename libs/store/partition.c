/* The day partitions: made ahead, and made good for rows that came before. */
#include "store/partition.h"

#include "base/clock.h"
#include "store_sql.h"

/* Of all three tables; the rest is dealt with next time. */
#define HELD_DAYS_MAX 100

bool partitions_ensure(struct db *db, int64_t now_us, int days, struct err *err)
{
    return db_run(db, &sql_partitions_ensure,
                  ARGS(ARG_TIME(now_us), ARG_INT(days)), NULL, err);
}

/* --- old days ------------------------------------------------------------ */

static bool drop_old(struct db *db, const char *parent, int64_t before_us,
                     const struct partition_listener *tell, struct err *err)
{
    bool is_there = true;

    while (is_there) {
        struct db_rows *rows = NULL;
        if (!db_run(db, &sql_partition_drop,
                    ARGS(ARG_TEXT(str_of(parent)), ARG_TIME(before_us)), &rows,
                    err)) {
            return false;
        }
        is_there = !db_is_null(rows, 0, 0);
        if (is_there) {
            tell->dropped(tell->user, db_text(rows, 0, 0));
        }
        db_rows_free(rows);
    }
    return true;
}

static bool tell_lost(struct db *db, int64_t before_us,
                      const struct partition_listener *tell, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_partition_held,
                ARGS(ARG_TIME(before_us), ARG_INT(PARTITION_LOST_MAX)), &rows,
                err)) {
        return false;
    }
    for (size_t i = 0; i < db_count(rows); i++) {
        const struct partition_lost lost = {
            {db_uuid(rows, i, 0), db_uuid(rows, i, 1)}, db_int(rows, i, 2)};
        tell->lost(tell->user, &lost);
    }
    db_rows_free(rows);
    return true;
}

bool partitions_drop_old(struct db *db, const struct retention *keep,
                         int64_t now_us, const struct partition_listener *tell,
                         struct err *err)
{
    const struct {
        const char *parent;
        int64_t keep_ms;
        bool has_held;
    } tables[] = {
        {"attempts", keep->attempts_ms, false},
        {"deliveries", keep->deliveries_ms, true},
        {"events", keep->events_ms, false},
    };

    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        int64_t before_us = now_us - tables[i].keep_ms * US_PER_MS;
        if (tables[i].keep_ms == 0) {
            continue;
        }
        if (tables[i].has_held && !tell_lost(db, before_us, tell, err)) {
            return false;
        }
        if (!drop_old(db, tables[i].parent, before_us, tell, err)) {
            return false;
        }
    }
    return true;
}

/* --- rows in the defaults ------------------------------------------------ */

enum held_column { HELD_PARENT, HELD_DAY, HELD_ROWS };

static bool read_held(struct db *db, struct db_rows **held, struct err *err)
{
    return db_run(db, &sql_partitions_held, ARGS(ARG_INT(HELD_DAYS_MAX)), held,
                  err);
}

/* A move that fails leaves all as it was. It is not tried again at once: it
 * stops the table for as long as it lasts. */
static void move_day(struct db *db, const struct db_rows *held, size_t i,
                     partition_held_fn *told, void *user)
{
    struct str parent = db_text(held, i, HELD_PARENT);
    struct str day = db_text(held, i, HELD_DAY);
    struct err err = ERR_NONE;

    if (db_int(held, i, HELD_ROWS) <= PARTITION_MOVE_MAX &&
        !db_run(db, &sql_partition_move, ARGS(ARG_TEXT(parent), ARG_TEXT(day)),
                NULL, &err)) {
        err_wrap(&err, "%.*s: moving the rows of %.*s", STR_ARGS(parent),
                 STR_ARGS(day));
        told(user, &err);
    }
}

static void tell_held(const struct db_rows *held, partition_held_fn *told,
                      void *user)
{
    for (size_t i = 0; i < db_count(held); i++) {
        struct str parent = db_text(held, i, HELD_PARENT);
        struct err why = ERR_NONE;

        err_set(&why, ERR_CONFLICT,
                "%.*s: %.*s has %lld rows in %.*s_default; move them: see "
                "db/README.md",
                STR_ARGS(parent), STR_ARGS(db_text(held, i, HELD_DAY)),
                (long long)db_int(held, i, HELD_ROWS), STR_ARGS(parent));
        told(user, &why);
    }
}

bool partitions_empty_defaults(struct db *db, partition_held_fn *told,
                               void *user, struct err *err)
{
    struct db_rows *before = NULL;
    struct db_rows *after = NULL;
    bool ok = read_held(db, &before, err);

    for (size_t i = 0; ok && i < db_count(before); i++) {
        move_day(db, before, i, told, user);
    }
    /* What stayed is asked, not remembered: others move rows as well. */
    if (ok && db_count(before) > 0) {
        ok = read_held(db, &after, err);
    }
    if (ok && after != NULL) {
        tell_held(after, told, user);
    }
    db_rows_free(after);
    db_rows_free(before);
    return ok;
}

bool partitions_held(struct db *db, partition_held_fn *told, void *user,
                     struct err *err)
{
    struct db_rows *held = NULL;
    bool ok = read_held(db, &held, err);

    if (ok) {
        tell_held(held, told, user);
    }
    db_rows_free(held);
    return ok;
}

/* How often keys are used, by the hour. */
#include "store/key.h"

#include "clean.h"
#include "store_sql.h"

#include <assert.h>
#include <stdlib.h>

/* The arguments' columns. */
struct columns {
    struct id *orgs;
    struct id *keys;
    int64_t *times;
    int64_t *calls;
    int64_t *limited;
};

static struct columns columns_of(const struct key_use *uses, size_t count)
{
    struct columns c = {
        .orgs = mem_zero(count + 1, sizeof *c.orgs),
        .keys = mem_zero(count + 1, sizeof *c.keys),
        .times = mem_zero(count + 1, sizeof *c.times),
        .calls = mem_zero(count + 1, sizeof *c.calls),
        .limited = mem_zero(count + 1, sizeof *c.limited),
    };

    for (size_t i = 0; i < count; i++) {
        c.orgs[i] = uses[i].org_id;
        c.keys[i] = uses[i].key_id;
        c.times[i] = uses[i].at_us;
        c.calls[i] = uses[i].calls;
        c.limited[i] = uses[i].limited;
    }
    return c;
}

bool key_hours_add(struct db *db, const struct key_use *uses, size_t count,
                   struct err *err)
{
    struct columns c = columns_of(uses, count);
    bool ok = false;

    assert(count <= KEY_TOUCH_MAX);
    ok = db_run(db, &sql_key_hours_add,
                ARGS(ARG_UUIDS(c.orgs, count), ARG_UUIDS(c.keys, count),
                     ARG_TIMES(c.times, count), ARG_INTS(c.calls, count),
                     ARG_INTS(c.limited, count)),
                NULL, err);
    free(c.orgs);
    free(c.keys);
    free(c.times);
    free(c.calls);
    free(c.limited);
    return ok;
}

bool key_hours_of(struct db *db, struct id org_id, struct id key_id,
                  int64_t since_us, struct arena *arena, struct key_hour **list,
                  size_t *count, struct err *err)
{
    struct db_rows *rows = NULL;
    struct key_hour *all = NULL;

    if (!db_run(db, &sql_key_hours_of,
                ARGS(ARG_UUID(org_id), ARG_TIME(since_us),
                     ARG_UUID_OR_NULL(key_id)),
                &rows, err)) {
        return false;
    }
    *count = db_count(rows);
    all = arena_zero(arena, *count + 1, sizeof *all);
    for (size_t i = 0; i < *count; i++) {
        all[i] = (struct key_hour){
            .key_id = db_uuid(rows, i, 0),
            .hour_us = db_time(rows, i, 1),
            .calls = db_int(rows, i, 2),
            .limited = db_int(rows, i, 3),
        };
    }
    *list = all;
    db_rows_free(rows);
    return true;
}

bool key_hours_clean(struct db *db, int64_t before_us, int64_t *removed,
                     struct err *err)
{
    return clean_rows(db, &sql_key_hours_clean, before_us, KEY_HOURS_CLEAN_MAX,
                      removed, err);
}

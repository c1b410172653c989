/* Held deliveries that no circuit speaks for: found by what is held, not by
 * what somebody remembers. */
#include "store/circuit.h"

#include "store/hours.h"
#include "store_sql.h"

#include <assert.h>

bool circuit_sweep(struct db *db, struct webhook_key after, int64_t now_us,
                   size_t max, struct circuit_held *out, size_t *count,
                   struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_circuit_sweep,
                ARGS(ARG_UUID(after.org_id), ARG_UUID(after.webhook_id),
                     ARG_INT((int64_t)max), ARG_TIME(now_us)),
                &rows, err)) {
        return false;
    }
    *count = db_count(rows);
    assert(*count <= max);
    for (size_t i = 0; i < *count; i++) {
        out[i] = (struct circuit_held){
            .key = {db_uuid(rows, i, 0), db_uuid(rows, i, 1)},
            .is_gone = db_bool(rows, i, 2),
            .is_drained = db_bool(rows, i, 3),
        };
    }
    db_rows_free(rows);
    return true;
}

bool circuit_tidy(struct db *db, struct err *err)
{
    return db_run(db, &sql_circuit_tidy, ARGS_NONE, NULL, err);
}

bool circuit_end_held(struct db *db, struct webhook_key key,
                      const struct circuit_ending *how, size_t *ended,
                      struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_delivery_end_held,
                ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                     ARG_INT((int64_t)how->max), ARG_TIME(how->now_us),
                     ARG_TEXT(how->why), ARG_TEXT(how->word),
                     ARG_INT(hours_shard())),
                &rows, err)) {
        return false;
    }
    *ended = (size_t)db_int(rows, 0, 0);
    bool ok = delivery_wake_told(db, key, rows, 1, how->now_us, err);
    db_rows_free(rows);
    return ok;
}

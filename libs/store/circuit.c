/* Circuits. Their rows are few, and change when an endpoint falls or rises. */
#include "store/circuit.h"

#include "base/clock.h"
#include "store_sql.h"

#include <assert.h>

/* Between two looks at one that has nothing left. */
#define DRAINED_US US_PER_S

static struct id_text news_of(struct circuit_key key)
{
    return id_text(ID_ORGANIZATION, key.org_id);
}

bool circuit_open(struct db *db, struct circuit_key key, int failures,
                  struct circuit_waits waits, int64_t now_us, struct err *err)
{
    struct id_text news = news_of(key);

    return db_run(db, &sql_circuit_open,
                  ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                       ARG_TIME(now_us), ARG_INT(failures),
                       ARG_INT(waits.first_ms), ARG_INT(waits.max_ms),
                       ARG_TEXT(str_of(news.data))),
                  NULL, err);
}

bool circuit_probe(struct db *db, struct circuit_waits waits, int64_t now_us,
                   size_t max, struct circuit_key *out, size_t *count,
                   struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_circuit_probe,
                ARGS(ARG_TIME(now_us), ARG_INT(waits.max_ms),
                     ARG_INT((int64_t)max)),
                &rows, err)) {
        return false;
    }
    *count = db_count(rows);
    assert(*count <= max);
    for (size_t i = 0; i < *count; i++) {
        out[i] = (struct circuit_key){db_uuid(rows, i, 0), db_uuid(rows, i, 1)};
    }
    db_rows_free(rows);
    return true;
}

bool circuit_failed(struct db *db, struct circuit_key key, int64_t *since_us,
                    int64_t *failures, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_circuit_failed,
                ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id)), &rows,
                err)) {
        return false;
    }
    bool is_open = db_count(rows) > 0;
    *since_us = is_open ? db_time(rows, 0, 0) : DB_TIME_NULL;
    *failures = is_open ? db_int(rows, 0, 1) : 0;
    db_rows_free(rows);
    return true;
}

bool circuit_close(struct db *db, struct circuit_key key, int64_t now_us,
                   struct err *err)
{
    struct id_text news = news_of(key);

    return db_run(db, &sql_circuit_close,
                  ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                       ARG_TIME(now_us), ARG_TEXT(str_of(news.data))),
                  NULL, err);
}

/* --- draining ------------------------------------------------------------- */

static bool release(struct tx *tx, struct circuit_key key,
                    const struct circuit_drain *how, size_t *released,
                    struct err *err)
{
    struct db_rows *rows = NULL;

    if (!tx_run(tx, &sql_delivery_release,
                ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                     ARG_TIME(how->now_us), ARG_INT(how->apart_us),
                     ARG_INT((int64_t)how->max)),
                &rows, err)) {
        return false;
    }
    *released = (size_t)db_int(rows, 0, 0);
    db_rows_free(rows);
    return true;
}

/* When to look again, or that there is no need to. */
static bool go_on(struct tx *tx, struct circuit_key key, int64_t since_us,
                  const struct circuit_drain *how, size_t released,
                  struct err *err)
{
    int64_t next_us = how->now_us + (int64_t)released * how->apart_us;

    if (released == 0 && how->now_us - since_us >= how->settle_us) {
        return tx_run(tx, &sql_circuit_end,
                      ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id)),
                      NULL, err);
    }
    if (released < how->max) {
        next_us = MAX_OF(next_us, how->now_us + DRAINED_US);
    }
    return tx_run(
        tx, &sql_circuit_later,
        ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id), ARG_TIME(next_us)),
        NULL, err);
}

bool circuit_drain(struct db *db, const struct circuit_drain *how, bool *found,
                   size_t *released, struct err *err)
{
    struct db_rows *rows = NULL;
    struct tx *tx = NULL;
    bool is_there = false;
    size_t count = 0;
    bool ok =
        tx_begin(db, &tx, err) &&
        tx_run(tx, &sql_circuit_drain, ARGS(ARG_TIME(how->now_us)), &rows, err);

    if (ok && db_count(rows) > 0) {
        const struct circuit_key key = {db_uuid(rows, 0, 0),
                                        db_uuid(rows, 0, 1)};
        is_there = true;
        ok = release(tx, key, how, &count, err) &&
             go_on(tx, key, db_time(rows, 0, 2), how, count, err) &&
             tx_commit(tx, err);
    }
    db_rows_free(rows);
    tx_end(tx);
    if (ok) {
        *found = is_there;
        *released = count;
    }
    return ok;
}

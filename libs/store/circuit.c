/* Circuits. Their rows are few, and change when an endpoint falls or rises. */
#include "store/circuit.h"

#include "base/clock.h"
#include "circuit_event.h"
#include "store/hours.h"
#include "store_sql.h"

#include <assert.h>

/* Between two looks at one that has nothing left. */
#define DRAINED_US US_PER_S

static struct id_text news_of(struct webhook_key key)
{
    return id_text(ID_ORGANIZATION, key.org_id);
}

/* --- changes -------------------------------------------------------------- */

/* `rows` is of the statement that made the change: one row, and none when there
 * was nothing to change. Ends the transaction. */
static bool tell_change(struct tx *tx, struct webhook_key key,
                        const struct circuit_trouble *trouble, int64_t now_us,
                        const struct db_rows *rows, struct err *err)
{
    return db_count(rows) == 0 ||
           (circuit_tell(tx, key, trouble, now_us, err) && tx_commit(tx, err));
}

/* What failed in earlier hours, and was never followed by a success. */
static bool look_back(struct tx *tx, struct webhook_key key,
                      const struct circuit_fall *fall,
                      struct circuit_trouble *out, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!tx_run(tx, &sql_circuit_doubt,
                ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                     ARG_TIME(fall->since_us)),
                &rows, err)) {
        return false;
    }
    if (!db_is_null(rows, 0, 1) && db_time(rows, 0, 1) < fall->now_us) {
        out->since_us = db_time(rows, 0, 1);
        out->failures = MAX_OF(db_int(rows, 0, 0), out->failures);
    }
    db_rows_free(rows);
    return true;
}

bool circuit_open(struct db *db, struct webhook_key key,
                  const struct circuit_fall *fall, struct circuit_fallen *out,
                  struct err *err)
{
    const struct id_text news = news_of(key);
    struct circuit_trouble trouble = {
        .type = EVENT_WEBHOOK_FAILING,
        .why = &fall->why,
        .since_us = fall->now_us,
        .failures = fall->failures,
    };
    struct db_rows *rows = NULL;
    struct tx *tx = NULL;
    bool ok =
        tx_begin(db, &tx, err) && circuit_lock(tx, key, err) &&
        look_back(tx, key, fall, &trouble, err) &&
        tx_run(tx, &sql_circuit_open,
               ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                    ARG_TIME(fall->now_us), ARG_INT(trouble.failures),
                    ARG_INT(fall->waits.first_ms), ARG_INT(fall->waits.max_ms),
                    ARG_TEXT(str_of(news.data)),
                    ARG_TIME(fall->why.not_before_us),
                    ARG_TIME(fall->why.seen_us), ARG_TIME(trouble.since_us)),
               &rows, err) &&
        tell_change(tx, key, &trouble, fall->now_us, rows, err);

    if (ok) {
        *out = (struct circuit_fallen){db_count(rows) > 0, trouble.since_us,
                                       trouble.failures};
    }
    db_rows_free(rows);
    tx_end(tx);
    return ok;
}

/* What it was, as the statements of the next two tell it. */
static struct circuit_trouble trouble_was(const struct db_rows *rows,
                                          enum event_type type,
                                          const struct circuit_why *why)
{
    bool is_known = db_count(rows) > 0 && !db_is_null(rows, 0, 0);

    return (struct circuit_trouble){
        .type = type,
        .why = why,
        .since_us = is_known ? db_time(rows, 0, 0) : DB_TIME_NULL,
        .failures = is_known ? db_int(rows, 0, 1) : 0,
        .counts_held = true,
    };
}

bool circuit_close(struct db *db, struct webhook_key key,
                   const struct circuit_rise *rise, bool *changed,
                   struct err *err)
{
    const struct id_text news = news_of(key);
    struct circuit_trouble was;
    struct db_rows *rows = NULL;
    struct tx *tx = NULL;
    bool ok = tx_begin(db, &tx, err) && circuit_lock(tx, key, err) &&
              tx_run(tx, &sql_circuit_close,
                     ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                          ARG_TIME(rise->now_us), ARG_TEXT(str_of(news.data)),
                          ARG_BOOL(rise->answers)),
                     &rows, err);

    if (ok) {
        was = trouble_was(rows, EVENT_WEBHOOK_RECOVERED, &rise->why);
        ok = tell_change(tx, key, &was, rise->now_us, rows, err);
    }
    if (ok) {
        *changed = db_count(rows) > 0;
    }
    db_rows_free(rows);
    tx_end(tx);
    return ok;
}

/* It was changed since the attempt that speaks against it began: that one, and
 * what waited with it, may be held, and nobody would send them. */
static bool let_out(struct tx *tx, struct webhook_key key, int64_t now_us,
                    struct err *err)
{
    return tx_run(tx, &sql_circuit_let_out,
                  ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                       ARG_TIME(now_us)),
                  NULL, err) &&
           tx_commit(tx, err);
}

bool circuit_disable(struct db *db, struct webhook_key key,
                     const struct circuit_end *end, bool *changed,
                     struct err *err)
{
    const struct id_text news = news_of(key);
    const struct id_text subject = id_text(ID_WEBHOOK, key.webhook_id);
    struct circuit_trouble was;
    struct db_rows *rows = NULL;
    struct tx *tx = NULL;
    bool ok =
        tx_begin(db, &tx, err) && circuit_lock(tx, key, err) &&
        tx_run(tx, &sql_webhook_disable,
               ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                    ARG_TEXT(end->reason), ARG_TIME(end->now_us),
                    ARG_UUID(id_new()), ARG_TEXT(str_of(subject.data)),
                    ARG_TEXT(str_of(news.data)), ARG_TIME(end->why.seen_us)),
               &rows, err);

    if (ok) {
        was = trouble_was(rows, EVENT_WEBHOOK_DISABLED, &end->why);
        ok = db_count(rows) > 0
                 ? tell_change(tx, key, &was, end->now_us, rows, err)
                 : let_out(tx, key, end->now_us, err);
    }
    if (ok) {
        *changed = db_count(rows) > 0;
    }
    db_rows_free(rows);
    tx_end(tx);
    return ok;
}

/* --- probes --------------------------------------------------------------- */

bool circuit_probe(struct db *db, struct circuit_waits waits, int64_t now_us,
                   size_t max, struct webhook_key *out, size_t *count,
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
        out[i] = (struct webhook_key){db_uuid(rows, i, 0), db_uuid(rows, i, 1)};
    }
    db_rows_free(rows);
    return true;
}

bool circuit_is_busy(struct db *db, struct webhook_key key, bool *waits,
                     struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_circuit_busy,
                ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id)), &rows,
                err)) {
        return false;
    }
    *waits = db_bool(rows, 0, 0);
    db_rows_free(rows);
    return true;
}

bool circuit_count(struct db *db, struct circuit_counts *out, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_circuit_count, ARGS_NONE, &rows, err)) {
        return false;
    }
    *out = (struct circuit_counts){db_int(rows, 0, 0), db_int(rows, 0, 1)};
    db_rows_free(rows);
    return true;
}

bool circuit_doubt(struct db *db, struct webhook_key key, int64_t since_us,
                   int64_t *failures, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_circuit_doubt,
                ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                     ARG_TIME(since_us)),
                &rows, err)) {
        return false;
    }
    *failures = db_int(rows, 0, 0);
    db_rows_free(rows);
    return true;
}

bool circuit_failed(struct db *db, struct webhook_key key,
                    int64_t not_before_us, int64_t *since_us, int64_t *failures,
                    struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_circuit_failed,
                ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                     ARG_TIME(not_before_us)),
                &rows, err)) {
        return false;
    }
    bool is_open = db_count(rows) > 0;
    *since_us = is_open ? db_time(rows, 0, 0) : DB_TIME_NULL;
    *failures = is_open ? db_int(rows, 0, 1) : 0;
    db_rows_free(rows);
    return true;
}

/* --- draining ------------------------------------------------------------- */

/* Of a portion; what was taken and is not due is given up. */
struct portion {
    size_t released;
    size_t taken;
    struct db_rows *rows; /* With those whose lines are to be woken. */
};

#define PORTION_LINES 2 /* Their column. */

static bool release(struct tx *tx, struct webhook_key key,
                    const struct circuit_drain *how, struct portion *out,
                    struct err *err)
{
    struct db_rows *rows = NULL;

    if (!tx_run(tx, &sql_delivery_release,
                ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                     ARG_TIME(how->now_us), ARG_INT(how->apart_us),
                     ARG_INT((int64_t)how->max),
                     how->max_age_ms == 0 ? ARG_NULL : ARG_INT(how->max_age_ms),
                     ARG_TEXT(how->old.failure), ARG_TEXT(how->old.detail),
                     ARG_INT(hours_shard())),
                &rows, err)) {
        return false;
    }
    *out = (struct portion){(size_t)db_int(rows, 0, 0),
                            (size_t)db_int(rows, 0, 1), rows};
    return true;
}

/* When to look again, or that there is no need to. */
static bool go_on(struct tx *tx, struct webhook_key key, int64_t since_us,
                  const struct circuit_drain *how, struct portion portion,
                  struct err *err)
{
    int64_t next_us = how->now_us + (int64_t)portion.released * how->apart_us;

    if (portion.taken == 0 && how->now_us - since_us >= how->settle_us) {
        return tx_run(tx, &sql_circuit_end,
                      ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id)),
                      NULL, err);
    }
    if (portion.taken < how->max) {
        next_us = MAX_OF(next_us, how->now_us + DRAINED_US);
    }
    return tx_run(
        tx, &sql_circuit_later,
        ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id), ARG_TIME(next_us)),
        NULL, err);
}

static bool drain_one(struct tx *tx, struct webhook_key key, int64_t since_us,
                      const struct circuit_drain *how, struct portion *out,
                      struct err *err)
{
    return release(tx, key, how, out, err) &&
           go_on(tx, key, since_us, how, *out, err) && tx_commit(tx, err);
}

bool circuit_drain(struct db *db, const struct circuit_drain *how, bool *found,
                   struct circuit_drained *out, struct err *err)
{
    struct webhook_key key = {0};
    struct portion portion = {0};
    struct db_rows *rows = NULL;
    struct tx *tx = NULL;
    bool is_there = false;
    bool ok =
        tx_begin(db, &tx, err) &&
        tx_run(tx, &sql_circuit_drain, ARGS(ARG_TIME(how->now_us)), &rows, err);

    if (ok && db_count(rows) > 0) {
        is_there = true;
        key = (struct webhook_key){db_uuid(rows, 0, 0), db_uuid(rows, 0, 1)};
        ok = drain_one(tx, key, db_time(rows, 0, 2), how, &portion, err);
    }
    db_rows_free(rows);
    tx_end(tx);
    /* What stood behind those that were given up may go. */
    ok = ok &&
         (!is_there || delivery_wake_told(db, key, portion.rows, PORTION_LINES,
                                          how->now_us, err));
    db_rows_free(portion.rows);
    if (ok) {
        *found = is_there;
        *out = (struct circuit_drained){portion.released,
                                        portion.taken - portion.released};
    }
    return ok;
}

/* A transaction: a connection of one's own, BEGIN with the first statement. */
#include "db/db.h"

#include "db/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct tx {
    struct db *db;
    struct slot *slot;
    struct connection *c;
    bool has_begun;
    bool has_failed;
    bool is_committed;
};

bool tx_begin(struct db *db, struct tx **out, struct err *err)
{
    struct slot *slot = NULL;
    struct tx *tx = NULL;

    if (!pool_take(db, &slot, err)) {
        return false;
    }
    tx = mem_zero(1, sizeof *tx);
    *tx = (struct tx){.db = db, .slot = slot, .c = pool_connection(slot)};
    *out = tx;
    return true;
}

/* Read the answer to a statement without rows. */
static bool read_plain(struct connection *c, const char *what, struct err *err)
{
    PGresult *result = NULL;
    bool ok = false;

    if (!connection_result(c, &result, err)) {
        return false;
    }
    ok = PQresultStatus(result) == PGRES_COMMAND_OK ||
         connection_fail(c, what, result, err);
    PQclear(result);
    return ok;
}

/* The statement behind a BEGIN could not be sent: take its answer off the wire.
 */
static void swallow_begin(struct connection *c)
{
    struct err err = ERR_NONE;
    PGresult *failed = NULL;

    if (c->pg != NULL && connection_sync(c, &err) &&
        read_plain(c, "BEGIN", &err) && connection_end(c, &failed, &err)) {
        PQclear(failed);
    } else {
        connection_close(c);
    }
}

/* Send [BEGIN,] statement, Sync and read their answers. */
static bool exchange(struct tx *tx, struct call *call, struct err *err)
{
    PGresult *result = NULL;
    PGresult *failed = NULL;
    const bool begins = !tx->has_begun;

    if (connection_prepare(tx->c, call->sql, err) == NULL) {
        return false;
    }
    if (begins && !connection_send_text(tx->c, "BEGIN", err)) {
        return false;
    }
    tx->has_begun = true;
    if (!connection_send(tx->c, call, err)) {
        if (begins) {
            swallow_begin(tx->c);
        }
        return false;
    }
    if (!connection_sync(tx->c, err) ||
        (begins && !read_plain(tx->c, "BEGIN", err)) ||
        !connection_result(tx->c, &result, err)) {
        return false;
    }
    if (!connection_end(tx->c, &failed, err)) {
        PQclear(result);
        return false;
    }
    PQclear(failed);
    call_finish(tx->c, call, result);
    return call->ok;
}

bool tx_run(struct tx *tx, const struct sql *sql, const struct db_arg *args,
            size_t count, struct db_rows **rows, struct err *err)
{
    struct call call = {.sql = sql, .args = args, .rows = rows, .err = err};

    assert(count == sql->param_count);
    assert(!tx->is_committed);
    if (tx->has_failed || tx->c->pg == NULL) {
        return err_set(err, ERR_CONFLICT, "%s: the transaction has failed",
                       sql->name);
    }
    if (!exchange(tx, &call, err)) {
        tx->has_failed = true;
        return false;
    }
    return true;
}

/* COMMIT or ROLLBACK. PostgreSQL answers COMMIT with "ROLLBACK" when the
 * transaction had failed. */
static bool finish(struct tx *tx, const char *word, struct err *err)
{
    PGresult *result = NULL;
    PGresult *failed = NULL;
    bool ok = false;

    if (!connection_send_text(tx->c, word, err) ||
        !connection_sync(tx->c, err) ||
        !connection_result(tx->c, &result, err)) {
        return false;
    }
    if (!connection_end(tx->c, &failed, err)) {
        PQclear(result);
        return false;
    }
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        ok = connection_fail(tx->c, word, result, err);
    } else if (strcmp(PQcmdStatus(result), word) != 0) {
        ok = err_set(err, ERR_CONFLICT, "the transaction was rolled back");
    } else {
        ok = true;
    }
    PQclear(failed);
    PQclear(result);
    return ok;
}

bool tx_commit(struct tx *tx, struct err *err)
{
    assert(!tx->is_committed);
    if (tx->has_failed) {
        return err_set(err, ERR_CONFLICT, "the transaction has failed");
    }
    if (tx->has_begun && !finish(tx, "COMMIT", err)) {
        tx->has_failed = true;
        return false;
    }
    tx->is_committed = true;
    return true;
}

void tx_end(struct tx *tx)
{
    struct err ignored = ERR_NONE;

    if (tx == NULL) {
        return;
    }
    if (tx->has_begun && !tx->is_committed && tx->c->pg != NULL &&
        !finish(tx, "ROLLBACK", &ignored)) {
        connection_close(tx->c); /* The server rolls back for us. */
    }
    pool_give(tx->db, tx->slot);
    free(tx);
}

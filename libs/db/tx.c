/* A transaction: a connection of one's own, BEGIN with the first statement.
 *
 * Seen as a database (tx_db) each statement has a savepoint before it, in the
 * same trip, to which a failing one is rolled back. An inner transaction is a
 * savepoint on its outer one's connection. */
#include "db/db.h"

#include "base/clock.h"
#include "db/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* In one trip: BEGIN, the inner one's and the statement's savepoint, the
 * statement, COMMIT. */
#define WORDS_MAX 3
#define RESULTS_MAX (WORDS_MAX + 2)

struct tx {
    struct db *db;
    struct slot *slot;
    struct connection *c;
    struct db *view;  /* NULL until asked for. */
    struct tx *outer; /* An inner transaction; db and slot are NULL. */
    bool has_begun;
    bool has_failed;
    bool is_committed;
};

static const char *begin_word(const struct tx *tx)
{
    return tx->outer == NULL ? "BEGIN" : "SAVEPOINT porter_inner";
}

static bool begin_inner(struct tx *outer, struct tx **out)
{
    struct tx *tx = mem_zero(1, sizeof *tx);

    assert(outer->outer == NULL); /* No third level. */
    *tx = (struct tx){
        .c = outer->c, .outer = outer, .has_failed = outer->has_failed};
    *out = tx;
    return true;
}

bool tx_begin(struct db *db, struct tx **out, struct err *err)
{
    struct slot *slot = NULL;
    struct tx *tx = NULL;

    if (pool_tx(db) != NULL) {
        return begin_inner(pool_tx(db), out);
    }
    if (!pool_take(db, &slot, err)) {
        return false;
    }
    tx = mem_zero(1, sizeof *tx);
    *tx = (struct tx){.db = db, .slot = slot, .c = pool_connection(slot)};
    *out = tx;
    return true;
}

struct db *tx_db(struct tx *tx)
{
    if (tx->view == NULL) {
        tx->view = pool_view_new(tx);
    }
    return tx->view;
}

/* --- one trip ------------------------------------------------------------ */

/* Words without rows, the call (may be NULL), a last word (may be NULL). */
struct trip {
    const char *words[WORDS_MAX];
    size_t word_count;
    struct call *call;
    const char *last;
};

static bool send_trip(struct connection *c, const struct trip *t,
                      struct err *err)
{
    for (size_t i = 0; i < t->word_count; i++) {
        if (!connection_send_text(c, t->words[i], err)) {
            return false;
        }
    }
    return (t->call == NULL || connection_send_encoded(c, t->call, err)) &&
           (t->last == NULL || connection_send_text(c, t->last, err)) &&
           connection_sync(c, err);
}

/* All answers up to the Sync's; false: the connection is lost. */
static bool read_trip(struct connection *c, PGresult *results[RESULTS_MAX],
                      size_t count, struct err *err)
{
    PGresult *failed = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!connection_result(c, &results[i], err)) {
            return false;
        }
    }
    if (!connection_end(c, &failed, err)) {
        return false;
    }
    PQclear(failed);
    return true;
}

/* Did PostgreSQL do what the word says? It answers COMMIT with "ROLLBACK" when
 * the transaction had failed. */
static bool judge(struct connection *c, const char *word, PGresult *result,
                  struct err *err)
{
    const char *said = PQcmdStatus(result);

    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        return connection_fail(c, word, result, err);
    }
    return strncmp(word, said, strlen(said)) == 0
               ? true
               : err_set(err, ERR_CONFLICT, "the transaction was rolled back");
}

static bool judge_trip(struct connection *c, const struct trip *t,
                       PGresult *results[RESULTS_MAX], struct err *err)
{
    size_t at = 0;

    for (; at < t->word_count; at++) {
        if (!judge(c, t->words[at], results[at], err)) {
            return false;
        }
    }
    if (t->call != NULL) {
        PGresult *result = results[at];

        results[at++] = NULL;
        call_finish(c, t->call, result);
        if (!t->call->ok) {
            return false;
        }
    }
    return t->last == NULL || judge(c, t->last, results[at], err);
}

static bool run_trip(struct connection *c, const struct trip *t,
                     struct err *err)
{
    PGresult *results[RESULTS_MAX] = {NULL};
    const size_t count = t->word_count + (t->call != NULL) + (t->last != NULL);
    const int64_t began_us = clock_steady_us();
    bool ok = send_trip(c, t, err) && read_trip(c, results, count, err) &&
              judge_trip(c, t, results, err);

    for (size_t i = 0; i < count; i++) {
        PQclear(results[i]);
    }
    pool_note_time(began_us);
    return ok;
}

static bool run_word(struct connection *c, const char *word, struct err *err)
{
    const struct trip t = {.words = {word}, .word_count = 1};

    return run_trip(c, &t, err);
}

/* --- statements ---------------------------------------------------------- */

static void add_word(struct trip *t, const char *word)
{
    assert(t->word_count < WORDS_MAX);
    t->words[t->word_count++] = word;
}

/* What must be said before the first statement. */
static void add_begin(struct tx *tx, struct trip *t)
{
    if (tx->outer != NULL && !tx->outer->has_begun) {
        add_word(t, begin_word(tx->outer));
        tx->outer->has_begun = true;
    }
    if (!tx->has_begun) {
        add_word(t, begin_word(tx));
        tx->has_begun = true;
    }
}

/* Make the call ready to be sent, and the trip to carry it. False: nothing was
 * sent. */
static bool prepare(struct tx *tx, struct trip *t, const char *guard,
                    struct err *err)
{
    assert(!tx->is_committed);
    if (tx->c->pg == NULL) {
        return err_set(err, ERR_UNAVAILABLE, "%s: the connection was lost",
                       t->call->sql->name);
    }
    if (tx->has_failed) {
        return err_set(err, ERR_CONFLICT, "%s: the transaction has failed",
                       t->call->sql->name);
    }
    if (connection_prepare(tx->c, t->call->sql, err) == NULL ||
        !connection_encode(tx->c, t->call, err)) {
        return false;
    }
    add_begin(tx, t);
    if (guard != NULL) {
        add_word(t, guard);
    }
    return true;
}

bool tx_run(struct tx *tx, const struct sql *sql, const struct db_arg *args,
            size_t count, struct db_rows **rows, struct err *err)
{
    struct call call = {.sql = sql, .args = args, .rows = rows, .err = err};
    struct trip t = {.call = &call};

    assert(count == sql->param_count);
    if (!prepare(tx, &t, NULL, err) || !run_trip(tx->c, &t, err)) {
        tx->has_failed = true;
        return false;
    }
    return true;
}

bool tx_run_guarded(struct tx *tx, const struct sql *sql,
                    const struct db_arg *args, size_t count,
                    struct db_rows **rows, struct err *err)
{
    struct call call = {.sql = sql, .args = args, .rows = rows, .err = err};
    struct trip t = {.call = &call};
    struct err ignored = ERR_NONE;

    assert(count == sql->param_count);
    if (!prepare(tx, &t, "SAVEPOINT porter_guard", err)) {
        /* A statement that can't be prepared spoils what went before. */
        tx->has_failed = tx->has_failed || tx->c->pg == NULL ||
                         (tx->has_begun && err->code != ERR_INVALID);
        return false;
    }
    if (run_trip(tx->c, &t, err)) {
        return true;
    }
    tx->has_failed =
        tx->c->pg == NULL ||
        !run_word(tx->c, "ROLLBACK TO SAVEPOINT porter_guard", &ignored);
    return false;
}

/* --- the end ------------------------------------------------------------- */

bool tx_commit(struct tx *tx, struct err *err)
{
    const char *word =
        tx->outer == NULL ? "COMMIT" : "RELEASE SAVEPOINT porter_inner";

    assert(!tx->is_committed);
    if (tx->has_failed) {
        return err_set(err, ERR_CONFLICT, "the transaction has failed");
    }
    if (tx->has_begun && !run_word(tx->c, word, err)) {
        tx->has_failed = true;
        return false;
    }
    tx->is_committed = true;
    return true;
}

bool tx_run_commit(struct tx *tx, const struct sql *sql,
                   const struct db_arg *args, size_t count, struct err *err)
{
    struct call call = {.sql = sql, .args = args, .err = err};
    struct trip t = {.call = &call, .last = "COMMIT"};

    assert(count == sql->param_count && tx->outer == NULL);
    tx->is_committed = prepare(tx, &t, NULL, err) && run_trip(tx->c, &t, err);
    tx->has_failed = !tx->is_committed;
    return tx->is_committed;
}

static void roll_back(struct tx *tx)
{
    struct err ignored = ERR_NONE;
    const char *word =
        tx->outer == NULL ? "ROLLBACK" : "ROLLBACK TO SAVEPOINT porter_inner";

    if (!tx->has_begun || tx->is_committed || tx->c->pg == NULL) {
        return;
    }
    if (!run_word(tx->c, word, &ignored)) {
        if (tx->outer != NULL) {
            tx->outer->has_failed = true;
        } else {
            connection_close(tx->c); /* The server rolls back for us. */
        }
    }
}

void tx_end(struct tx *tx)
{
    if (tx == NULL) {
        return;
    }
    roll_back(tx);
    if (tx->outer == NULL) {
        pool_give(tx->db, tx->slot);
    }
    pool_view_free(tx->view);
    free(tx);
}

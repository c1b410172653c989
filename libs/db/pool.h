/* The pool as the rest of libs/db sees it: taking a whole connection. */
#ifndef PORTER_DB_POOL_H
#define PORTER_DB_POOL_H

#include "db/connection.h"

struct slot;

/* Wait for a connection of one's own; give it back in any state. */
MUST_USE bool pool_take(struct db *db, struct slot **out, struct err *err);
void pool_give(struct db *db, struct slot *slot);
struct connection *pool_connection(struct slot *slot);

/* A database that is one transaction (tx.c), and the transaction of one; NULL
 * of a pool. */
struct db *pool_view_new(struct tx *tx);
void pool_view_free(struct db *view); /* Accepts NULL. */
struct tx *pool_tx(const struct db *db);
/* db_run on such a view. */
MUST_USE bool tx_run_guarded(struct tx *tx, const struct sql *sql,
                             const struct db_arg *args, size_t count,
                             struct db_rows **rows, struct err *err);

/* This thread has waited for PostgreSQL since then; see db_thread_us. */
void pool_note_time(int64_t since_us);

#endif

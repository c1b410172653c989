/* One connection to PostgreSQL: made with a deadline, read with a deadline,
 * always in libpq's pipeline mode. Belongs to one thread at a time. */
#ifndef PORTER_DB_CONNECTION_H
#define PORTER_DB_CONNECTION_H

#include "db/args.h"
#include "db/db.h"
#include "db/statement.h"

#include <libpq-fe.h>

/* The server ends a statement after statement_ms. When it has said nothing for
 * so much longer, the server itself is gone. */
#define SOCKET_GUARD_MS 1000
/* A connection that rested longer is looked at before it is used. */
#define REST_US 20000

struct connection {
    const struct db_options *opts;
    PGconn *pg; /* NULL: not connected. */
    struct statements *statements;
    struct db_params params; /* Of the statement that is being sent. */
    int64_t used_us;
    bool is_worn; /* Works, but has to be made anew. */
};

/* One statement on its way. ok and err are written once, by whoever runs it. */
struct call {
    const struct sql *sql;
    const struct db_arg *args;
    struct db_rows **rows; /* NULL: not wanted. */
    struct err *err;
    bool ok;
    PGresult *result; /* Until it is known that it was committed. */
};

void connection_init(struct connection *c, const struct db_options *opts);
MUST_USE bool connection_open(struct connection *c, struct err *err);
void connection_close(struct connection *c);

/* Is it there, and did nobody close it while it rested? Closes it if so. */
bool connection_is_fit(struct connection *c);

/* The parameter types of a statement, prepared here first when it is new.
 * After false the connection may be closed. */
const Oid *connection_prepare(struct connection *c, const struct sql *sql,
                              struct err *err);

/* Queue a call; false when it could not be encoded or sent. Nothing is on its
 * way before connection_sync. In two parts: nothing was queued when the first
 * one fails. */
MUST_USE bool connection_send(struct connection *c, const struct call *call,
                              struct err *err);
MUST_USE bool connection_encode(struct connection *c, const struct call *call,
                                struct err *err);
MUST_USE bool connection_send_encoded(struct connection *c,
                                      const struct call *call, struct err *err);
MUST_USE bool connection_send_text(struct connection *c, const char *text,
                                   struct err *err);
MUST_USE bool connection_sync(struct connection *c, struct err *err);

/* The statement's result: an answer or an error of the server's. False: the
 * connection is lost (and closed). */
MUST_USE bool connection_result(struct connection *c, PGresult **out,
                                struct err *err);
/* Read up to the next Sync. *failed: what was before it is not committed, and
 * *failed says why (to be cleared; NULL otherwise). */
MUST_USE bool connection_end(struct connection *c, PGresult **failed,
                             struct err *err);

/* The next thing libpq has (NULL ends a statement), waited for until a time. */
MUST_USE bool connection_take(struct connection *c, PGresult **out,
                              int64_t until_us, struct err *err);
/* When to give up on one statement that is sent now. */
int64_t connection_patience(const struct connection *c);

/* Word what the server said; NULL result: what libpq said. */
bool connection_fail(struct connection *c, const char *what,
                     const PGresult *result, struct err *err);

/* Turn a result into rows or an error of the call (takes the result). */
void call_finish(struct connection *c, struct call *call, PGresult *result);

#endif

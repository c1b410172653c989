/* PostgreSQL: a small pool of connections, statements by name.
 *
 * A statement is text in a .sql file (cmake/Embed.cmake makes `struct sql` of
 * it); a connection prepares it at first use under its own name. Callers never
 * see a connection: db_run takes one for one statement, a tx holds one for
 * several. The pool is bounded; a caller waits for a free connection at most
 * wait_ms, then ERR_UNAVAILABLE. A broken connection is replaced, at most one
 * attempt per connection and reconnect_ms.
 *
 * Batching: while all connections are busy, callers queue. The connection that
 * becomes free takes up to batch_max queued calls and sends them in one
 * pipeline; the thread that holds it does the work of all of them and wakes
 * the others. Statements marked `-- batch: yes` share one Sync, so one
 * transaction and one commit (they must not lock rows that others update; a
 * failing one makes the whole group be run again one by one: nothing was
 * committed). Others each have their own Sync.
 *
 * Marked statements also queue before all connections are busy: while a
 * quarter of the pool runs such trips, the next wait for one of these to end
 * and travel together, but at most a millisecond if another connection is
 * free. So they must be short. Others, and transactions, never wait for that.
 *
 * Results are binary and are copied out of the connection: rows are valid
 * until db_rows_free. Errors: ERR_UNAVAILABLE (away, timed out, shutting down;
 * the statement may or may not have happened if it writes), ERR_CONFLICT
 * (unique, serialization, lock), ERR_INVALID (check, foreign key, bad value),
 * ERR_INTERNAL (anything else; text is for the log). Thread-safe: struct db.
 * A tx and rows belong to one thread. */
#ifndef PORTER_DB_DB_H
#define PORTER_DB_DB_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sql {
    const char *name;
    const char *text;
    unsigned param_count;
    bool batch;
};

struct db;
struct tx;
struct db_rows;

struct db_options {
    const char *url;       /* libpq connection string or URI. */
    const char *service;   /* application_name */
    unsigned pool_size;    /* 1..64 */
    unsigned batch_max;    /* 1..128 */
    unsigned connect_ms;   /* One connection attempt. */
    unsigned wait_ms;      /* For a free connection. */
    unsigned statement_ms; /* statement_timeout, and our own guard on top */
    unsigned reconnect_ms; /* Between attempts. */
};

/* Does it have the form of one? The error does not show it. */
MUST_USE bool db_url_check(const char *url, struct err *err);

/* Does not connect: a database that is away at start is met as at any time. */
MUST_USE bool db_open(const struct db_options *opts, struct db **out,
                      struct err *err);
void db_close(struct db *db); /* Accepts NULL. Nobody may be inside. */

/* --- arguments ----------------------------------------------------------- */

enum db_arg_kind {
    DB_NULL,
    DB_TEXT,
    DB_BYTES,
    DB_INT, /* bigint */
    DB_BOOL,
    DB_UUID,
    DB_TIME,  /* timestamptz, microseconds since 1970 */
    DB_JSON,  /* jsonb, as text */
    DB_TEXTS, /* arrays: text[], bytea[], bigint[], uuid[], timestamptz[] */
    DB_BYTESS,
    DB_INTS,
    DB_UUIDS,
    DB_TIMES,
};

#define DB_TIME_NULL INT64_MIN /* NULL inside DB_TIME and DB_TIMES */
#define DB_INT_NULL INT64_MIN  /* NULL inside DB_INTS */

struct db_arg {
    enum db_arg_kind kind;
    size_t count; /* Arrays. */
    union {
        struct str text; /* data NULL is SQL NULL for TEXT, BYTES, JSON */
        int64_t number;
        bool boolean;
        struct id uuid;
        const struct str *texts; /* data NULL: NULL element */
        const int64_t *numbers;
        const struct id *uuids;
    } value;
};

#define ARG_NULL ((struct db_arg){.kind = DB_NULL})
#define ARG_TEXT(s) ((struct db_arg){.kind = DB_TEXT, .value.text = (s)})
#define ARG_BYTES(s) ((struct db_arg){.kind = DB_BYTES, .value.text = (s)})
#define ARG_JSON(s) ((struct db_arg){.kind = DB_JSON, .value.text = (s)})
#define ARG_INT(n) ((struct db_arg){.kind = DB_INT, .value.number = (n)})
#define ARG_BOOL(b) ((struct db_arg){.kind = DB_BOOL, .value.boolean = (b)})
#define ARG_UUID(id) ((struct db_arg){.kind = DB_UUID, .value.uuid = (id)})
/* NULL when the id is all zero. */
#define ARG_UUID_OR_NULL(id) (id_is_zero(id) ? ARG_NULL : ARG_UUID(id))
#define ARG_TIME(us) ((struct db_arg){.kind = DB_TIME, .value.number = (us)})
#define ARG_TEXTS(p, n)                                                        \
    ((struct db_arg){.kind = DB_TEXTS, .count = (n), .value.texts = (p)})
#define ARG_BYTESS(p, n)                                                       \
    ((struct db_arg){.kind = DB_BYTESS, .count = (n), .value.texts = (p)})
#define ARG_INTS(p, n)                                                         \
    ((struct db_arg){.kind = DB_INTS, .count = (n), .value.numbers = (p)})
#define ARG_UUIDS(p, n)                                                        \
    ((struct db_arg){.kind = DB_UUIDS, .count = (n), .value.uuids = (p)})
#define ARG_TIMES(p, n)                                                        \
    ((struct db_arg){.kind = DB_TIMES, .count = (n), .value.numbers = (p)})

/* Two arguments of db_run and tx_run: the array and its count. */
#define ARGS(...)                                                              \
    ((const struct db_arg[]){__VA_ARGS__}),                                    \
        (sizeof((const struct db_arg[]){__VA_ARGS__}) / sizeof(struct db_arg))
#define ARGS_NONE NULL, 0

/* --- running ------------------------------------------------------------- */

/* One statement, its own transaction. rows may be NULL when none are wanted.
 * The parameter count is asserted. */
MUST_USE bool db_run(struct db *db, const struct sql *sql,
                     const struct db_arg *args, size_t count,
                     struct db_rows **rows, struct err *err);

MUST_USE bool tx_begin(struct db *db, struct tx **out, struct err *err);
MUST_USE bool tx_run(struct tx *tx, const struct sql *sql,
                     const struct db_arg *args, size_t count,
                     struct db_rows **rows, struct err *err);
MUST_USE bool tx_commit(struct tx *tx, struct err *err);
/* A last statement without rows, and the commit, in one trip. */
MUST_USE bool tx_run_commit(struct tx *tx, const struct sql *sql,
                            const struct db_arg *args, size_t count,
                            struct err *err);
void tx_end(struct tx *tx); /* Rolls back unless committed. Accepts NULL. */

/* The transaction as a database, valid until it ends: what runs on it is part
 * of the transaction. A statement that fails is undone alone, so that the rest
 * goes on as it would on the pool; a tx_begin on it is an inner transaction (a
 * savepoint), one at a time and without one of its own. Belongs to one thread.
 */
struct db *tx_db(struct tx *tx);

/* --- rows ---------------------------------------------------------------- */

size_t db_count(const struct db_rows *rows);
/* What an INSERT, UPDATE or DELETE without RETURNING changed. */
int64_t db_changed(const struct db_rows *rows);
void db_rows_free(struct db_rows *rows); /* Accepts NULL. */

/* Column by position; each asserts the column's type. NULL gives STR_NONE, 0,
 * false, the zero id, DB_TIME_NULL. int takes int2, int4, int8. text takes
 * text, varchar, name, jsonb (its text) and json. */
bool db_is_null(const struct db_rows *rows, size_t row, size_t column);
struct str db_text(const struct db_rows *rows, size_t row, size_t column);
struct str db_bytes(const struct db_rows *rows, size_t row, size_t column);
int64_t db_int(const struct db_rows *rows, size_t row, size_t column);
bool db_bool(const struct db_rows *rows, size_t row, size_t column);
struct id db_uuid(const struct db_rows *rows, size_t row, size_t column);
int64_t db_time(const struct db_rows *rows, size_t row, size_t column);
/* Elements of a uuid[] or text[]; copied into the arena. */
size_t db_uuids(const struct db_rows *rows, size_t row, size_t column,
                struct arena *a, struct id **out);
size_t db_texts(const struct db_rows *rows, size_t row, size_t column,
                struct arena *a, struct str **out);

/* For code that maps columns by name (libs/store/row.c). */
enum db_column_type {
    DB_COLUMN_TEXT,
    DB_COLUMN_BYTES,
    DB_COLUMN_INT,
    DB_COLUMN_BOOL,
    DB_COLUMN_UUID,
    DB_COLUMN_TIME,
    DB_COLUMN_JSON,
    DB_COLUMN_UUIDS,
    DB_COLUMN_TEXTS,
};
size_t db_columns(const struct db_rows *rows);
const char *db_column_name(const struct db_rows *rows, size_t column);
enum db_column_type db_column_type(const struct db_rows *rows, size_t column);

/* --- sessions: one dedicated connection ---------------------------------- */

/* For what needs a connection of its own: LISTEN, and session advisory locks.
 * Never pooled; belongs to one thread. When it is lost every call answers
 * ERR_UNAVAILABLE until session_open is called anew: locks are gone with it. */
struct db_session;

MUST_USE bool session_open(const struct db_options *opts,
                           struct db_session **out, struct err *err);
void session_close(struct db_session *s); /* Accepts NULL. */
MUST_USE bool session_run(struct db_session *s, const struct sql *sql,
                          const struct db_arg *args, size_t count,
                          struct db_rows **rows, struct err *err);
/* Text as it is (LISTEN, migrations: several statements in one go). */
MUST_USE bool session_script(struct db_session *s, const char *text,
                             struct err *err);
/* Did it fail because somebody else held a lock for all of lock_timeout? */
bool db_was_locked_out(const struct err *err);
/* Wait up to wait_ms for a notification, or until *fd_wake (an eventfd, -1:
 * none) is readable (it is drained). Count of notifications handed to `each`
 * (may be zero). */
typedef void db_notify_fn(void *user, struct str channel, struct str payload);
MUST_USE bool session_wait(struct db_session *s, int fd_wake, unsigned wait_ms,
                           db_notify_fn *each, void *user, struct err *err);

/* --- state, for health and metrics --------------------------------------- */

/* How long this thread has been in db_run and tx_… in all, waiting for a
 * connection included. */
int64_t db_thread_us(void);

struct db_stats {
    unsigned open, busy, waiting;
    uint64_t statements, batches, errors, waits_timed_out;
    int64_t waited_us;
};
struct db_stats db_stats(struct db *db);
/* A round trip on a pooled connection within wait_ms. */
MUST_USE bool db_ping(struct db *db, struct err *err);

#endif

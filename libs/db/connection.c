/* libpq without blocking: every wait is a poll with a deadline. (Looking a
 * host name up is the one thing that libpq does not let us bound.) */
#include "db/connection.h"

#include "base/clock.h"
#include "db/rows.h"
#include "db/sqlstate.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_MAX 16
/* NULLs that libpq may hand out before a Sync. */
#define END_STEPS_MAX 8

bool db_url_check(const char *url, struct err *err)
{
    PQconninfoOption *parsed = PQconninfoParse(url, NULL);

    if (parsed == NULL) { /* libpq's own words may hold the password. */
        return err_set(err, ERR_INVALID,
                       "the database URL is not a PostgreSQL one");
    }
    PQconninfoFree(parsed);
    return true;
}

void connection_init(struct connection *c, const struct db_options *opts)
{
    *c = (struct connection){.opts = opts};
}

void connection_close(struct connection *c)
{
    PQfinish(c->pg);
    c->pg = NULL;
    statements_free(c->statements);
    c->statements = NULL;
    params_done(&c->params);
    c->is_worn = false;
}

/* Without the line end, the "ERROR:" and the further lines that libpq adds. */
static struct str first_line(const char *text)
{
    struct str rest = str_of(text == NULL ? "" : text);
    struct str line = STR("no reason given");

    (void)str_split(&rest, '\n', &line);
    return line;
}

bool connection_fail(struct connection *c, const char *what,
                     const PGresult *result, struct err *err)
{
    const char *state = NULL;
    struct str text;

    if (result == NULL) {
        text = first_line(PQerrorMessage(c->pg));
        return err_set(err, ERR_UNAVAILABLE, "%s: %.*s", what, STR_ARGS(text));
    }
    state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    text = str_of(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    if (text.data == NULL) {
        text = first_line(PQresultErrorMessage(result));
    }
    if (sqlstate_ends_connection(state)) {
        c->is_worn = true;
    }
    return err_set(err, sqlstate_code(state), "%s: %.*s (%s)", what,
                   STR_ARGS(text), state == NULL ? "no code" : state);
}

/* The code is where connection_fail put it. */
bool db_was_locked_out(const struct err *err)
{
    return err->code == ERR_CONFLICT && strstr(err->text, "(55P03)") != NULL;
}

static bool lose(struct connection *c, const char *why, struct err *err)
{
    struct str text =
        why != NULL ? str_of(why) : first_line(PQerrorMessage(c->pg));

    (void)err_set(err, ERR_UNAVAILABLE, "database: %.*s", STR_ARGS(text));
    connection_close(c);
    return false;
}

/* --- waiting ------------------------------------------------------------- */

/* Until the socket can be read (or written, if asked). */
static bool wait_socket(struct connection *c, short events, int64_t until_us,
                        struct err *err)
{
    struct pollfd fd = {.fd = PQsocket(c->pg), .events = events};

    for (;;) {
        const int64_t left_us = until_us - clock_steady_us();

        if (left_us <= 0) {
            return lose(c, "no answer in time", err);
        }
        if (poll(&fd, 1, (int)(left_us / US_PER_MS) + 1) > 0) {
            return true;
        }
    }
}

int64_t connection_patience(const struct connection *c)
{
    return clock_steady_us() +
           ((int64_t)c->opts->statement_ms + SOCKET_GUARD_MS) * US_PER_MS;
}

bool connection_take(struct connection *c, PGresult **out, int64_t until_us,
                     struct err *err)
{
    while (PQisBusy(c->pg)) {
        const int unsent = PQflush(c->pg);

        if (unsent < 0) {
            return lose(c, NULL, err);
        }
        if (!wait_socket(c, unsent > 0 ? POLLIN | POLLOUT : POLLIN, until_us,
                         err)) {
            return false;
        }
        if (!PQconsumeInput(c->pg)) {
            return lose(c, NULL, err);
        }
    }
    *out = PQgetResult(c->pg);
    return true;
}

/* --- opening ------------------------------------------------------------- */

static bool await_connected(struct connection *c, int64_t until_us,
                            struct err *err)
{
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;

    while (want != PGRES_POLLING_OK) {
        if (want == PGRES_POLLING_FAILED) {
            return lose(c, NULL, err);
        }
        if (!wait_socket(c, want == PGRES_POLLING_READING ? POLLIN : POLLOUT,
                         until_us, err)) {
            return false;
        }
        want = PQconnectPoll(c->pg);
    }
    return true;
}

/* Settings that a connection string can't carry without taking the place of
 * the operator's own `options`. */
static bool set_up(struct connection *c, int64_t until_us, struct err *err)
{
    char text[256];
    PGresult *result = NULL;
    bool ok = true;

    (void)snprintf(text, sizeof text,
                   "SET statement_timeout = %u; SET jit = off; "
                   "SET idle_in_transaction_session_timeout = %u",
                   c->opts->statement_ms,
                   2 * c->opts->statement_ms + SOCKET_GUARD_MS);
    if (!PQsendQuery(c->pg, text)) {
        return lose(c, NULL, err);
    }
    do {
        if (!connection_take(c, &result, until_us, err)) {
            return false;
        }
        if (result != NULL && PQresultStatus(result) != PGRES_COMMAND_OK) {
            ok = connection_fail(c, "set-up", result, err);
        }
        PQclear(result);
    } while (result != NULL);
    if (!ok) {
        connection_close(c);
    }
    return ok;
}

static void ignore_notice(void *user, const PGresult *result)
{
    (void)user;
    (void)result;
}

static PGconn *start(const struct db_options *opts)
{
    char timeout[NUMBER_MAX];
    const char *const words[] = {
        "dbname",          "application_name", "keepalives",
        "keepalives_idle", "keepalives_count", "keepalives_interval",
        "client_encoding", "tcp_user_timeout", NULL};
    const char *const values[] = {opts->url, opts->service, "1",     "30", "3",
                                  "10",      "UTF8",        timeout, NULL};

    (void)snprintf(timeout, sizeof timeout, "%u",
                   opts->statement_ms + SOCKET_GUARD_MS);
    return PQconnectStartParams(words, values, 1);
}

bool connection_open(struct connection *c, struct err *err)
{
    const int64_t until_us =
        clock_steady_us() + (int64_t)c->opts->connect_ms * US_PER_MS;

    connection_close(c);
    c->pg = start(c->opts);
    if (c->pg == NULL) {
        oom(sizeof *c);
    }
    if (PQstatus(c->pg) == CONNECTION_BAD) {
        return lose(c, NULL, err);
    }
    (void)PQsetNoticeReceiver(c->pg, ignore_notice, NULL);
    if (!await_connected(c, until_us, err) || !set_up(c, until_us, err)) {
        return false;
    }
    if (PQsetnonblocking(c->pg, 1) != 0 || !PQenterPipelineMode(c->pg)) {
        return lose(c, NULL, err);
    }
    c->statements = statements_new();
    c->used_us = clock_steady_us();
    return true;
}

bool connection_is_fit(struct connection *c)
{
    struct pollfd fd = {.events = POLLIN};

    if (c->pg == NULL) {
        return false;
    }
    if (c->is_worn) {
        connection_close(c);
        return false;
    }
    if (clock_steady_us() - c->used_us < REST_US) {
        return true;
    }
    /* Nothing is expected: it is the server's farewell (or a notice of changed
     * settings, for which a new connection is no worse). */
    fd.fd = PQsocket(c->pg);
    if (poll(&fd, 1, 0) != 0) {
        connection_close(c);
        return false;
    }
    return true;
}

/* --- sending ------------------------------------------------------------- */

/* One Parse and Describe, answered before anything else is sent: it happens
 * once in the life of a connection. */
const Oid *connection_prepare(struct connection *c, const struct sql *sql,
                              struct err *err)
{
    const Oid *known = statements_find(c->statements, sql);
    PGresult *parsed = NULL;
    PGresult *described = NULL;
    PGresult *failed = NULL;
    Oid types[DB_PARAMS_MAX] = {0};

    if (known != NULL) {
        return known;
    }
    if (!PQsendPrepare(c->pg, sql->name, sql->text, 0, NULL) ||
        !PQsendDescribePrepared(c->pg, sql->name) || !PQpipelineSync(c->pg)) {
        (void)lose(c, NULL, err);
        return NULL;
    }
    if (!connection_result(c, &parsed, err) ||
        !connection_result(c, &described, err) ||
        !connection_end(c, &failed, err)) {
        goto out;
    }
    if (PQresultStatus(parsed) != PGRES_COMMAND_OK) {
        (void)connection_fail(c, sql->name, parsed, err);
        goto out;
    }
    if (PQresultStatus(described) != PGRES_COMMAND_OK) {
        (void)connection_fail(c, sql->name, described, err);
        goto out;
    }
    assert(PQnparams(described) == (int)sql->param_count);
    for (int i = 0; i < PQnparams(described); i++) {
        types[i] = PQparamtype(described, i);
    }
    statements_add(c->statements, sql, types);
    known = statements_find(c->statements, sql);

out:
    PQclear(parsed);
    PQclear(described);
    PQclear(failed);
    return known;
}

bool connection_encode(struct connection *c, const struct call *call,
                       struct err *err)
{
    const Oid *types = statements_find(c->statements, call->sql);

    assert(types != NULL);
    return params_encode(&c->params, call->sql, call->args, types, err);
}

bool connection_send_encoded(struct connection *c, const struct call *call,
                             struct err *err)
{
    if (!PQsendQueryPrepared(c->pg, call->sql->name, c->params.count,
                             c->params.values, c->params.lengths,
                             c->params.formats, 1)) {
        return lose(c, NULL, err);
    }
    return true;
}

bool connection_send(struct connection *c, const struct call *call,
                     struct err *err)
{
    return connection_encode(c, call, err) &&
           connection_send_encoded(c, call, err);
}

bool connection_send_text(struct connection *c, const char *text,
                          struct err *err)
{
    if (!PQsendQueryParams(c->pg, text, 0, NULL, NULL, NULL, NULL, 1)) {
        return lose(c, NULL, err);
    }
    return true;
}

bool connection_sync(struct connection *c, struct err *err)
{
    if (!PQpipelineSync(c->pg)) {
        return lose(c, NULL, err);
    }
    return true;
}

/* --- reading ------------------------------------------------------------- */

bool connection_result(struct connection *c, PGresult **out, struct err *err)
{
    const int64_t until_us = connection_patience(c);
    PGresult *first = NULL;
    PGresult *next = NULL;

    if (!connection_take(c, &first, until_us, err)) {
        return false;
    }
    if (first == NULL || PQstatus(c->pg) == CONNECTION_BAD) {
        PQclear(first);
        return lose(c, NULL, err);
    }
    /* NULL ends each statement's results. */
    if (!connection_take(c, &next, until_us, err)) {
        PQclear(first);
        return false;
    }
    if (next != NULL) {
        PQclear(next);
        PQclear(first);
        return lose(c, "an answer too many", err);
    }
    *out = first;
    return true;
}

bool connection_end(struct connection *c, PGresult **failed, struct err *err)
{
    const int64_t until_us = connection_patience(c);
    PGresult *result = NULL;
    PGresult *bad = NULL;

    for (int step = 0; step < END_STEPS_MAX; step++) {
        if (!connection_take(c, &result, until_us, err)) {
            PQclear(bad);
            return false;
        }
        if (result != NULL && PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            c->used_us = clock_steady_us();
            *failed = bad;
            return true;
        }
        /* The commit itself can fail: a deferred constraint, for example. */
        if (result != NULL) {
            PQclear(bad);
            bad = result;
        }
    }
    PQclear(bad);
    return lose(c, NULL, err);
}

/* --- calls --------------------------------------------------------------- */

void call_finish(struct connection *c, struct call *call, PGresult *result)
{
    const ExecStatusType status = PQresultStatus(result);

    call->ok = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (!call->ok) {
        (void)connection_fail(c, call->sql->name, result, call->err);
    }
    if (call->ok && call->rows != NULL) {
        *call->rows = rows_of(result);
    } else {
        PQclear(result);
    }
}

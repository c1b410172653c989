/* A connection that is nobody else's: LISTEN, session locks, scripts. */
#include "db/db.h"

#include "base/clock.h"
#include "db/batch.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct db_session {
    struct db_options opts;
    struct connection connection;
};

bool session_open(const struct db_options *opts, struct db_session **out,
                  struct err *err)
{
    struct db_session *s = mem_zero(1, sizeof *s);

    s->opts = *opts;
    connection_init(&s->connection, &s->opts);
    if (!connection_open(&s->connection, err)) {
        session_close(s);
        return false;
    }
    *out = s;
    return true;
}

void session_close(struct db_session *s)
{
    if (s != NULL) {
        connection_close(&s->connection);
        free(s);
    }
}

static bool is_here(const struct db_session *s, struct err *err)
{
    if (s->connection.pg == NULL) {
        return err_set(err, ERR_UNAVAILABLE, "the database session was lost");
    }
    return true;
}

bool session_run(struct db_session *s, const struct sql *sql,
                 const struct db_arg *args, size_t count, struct db_rows **rows,
                 struct err *err)
{
    struct call call = {.sql = sql, .args = args, .rows = rows, .err = err};
    struct call *calls[] = {&call};

    assert(count == sql->param_count);
    if (!is_here(s, err)) {
        return false;
    }
    batch_run(&s->connection, calls, 1, NULL);
    return call.ok;
}

/* --- scripts ------------------------------------------------------------- */

/* Each statement has statement_ms, but their answers come together. */
static int64_t script_deadline(const struct db_session *s, const char *text)
{
    int64_t count = 1;

    for (; *text != '\0'; text++) {
        count += *text == ';' ? 1 : 0;
    }
    return connection_patience(&s->connection) +
           count * (int64_t)s->opts.statement_ms * US_PER_MS;
}

bool session_script(struct db_session *s, const char *text, struct err *err)
{
    struct connection *c = &s->connection;
    const int64_t until_us = script_deadline(s, text);
    PGresult *result = NULL;
    bool ok = true;

    if (!is_here(s, err)) {
        return false;
    }
    /* Several statements in one go exist only in the simple protocol. */
    if (!PQexitPipelineMode(c->pg) || !PQsendQuery(c->pg, text)) {
        (void)connection_fail(c, "script", NULL, err);
        connection_close(c);
        return false;
    }
    do {
        if (!connection_take(c, &result, until_us, err)) {
            return false;
        }
        if (ok && PQresultStatus(result) == PGRES_FATAL_ERROR &&
            result != NULL) {
            ok = connection_fail(c, "script", result, err);
        }
        PQclear(result);
    } while (result != NULL);
    if (PQstatus(c->pg) != CONNECTION_OK || !PQenterPipelineMode(c->pg)) {
        connection_close(c);
    }
    return ok;
}

/* --- notifications ------------------------------------------------------- */

static size_t hand_out(struct connection *c, db_notify_fn *each, void *user)
{
    PGnotify *n = NULL;
    size_t count = 0;

    while ((n = PQnotifies(c->pg)) != NULL) {
        each(user, str_of(n->relname), str_of(n->extra));
        PQfreemem(n);
        count++;
    }
    return count;
}

static void drain(int fd_wake)
{
    uint64_t count = 0;

    (void)!read(fd_wake, &count, sizeof count);
}

bool session_wait(struct db_session *s, int fd_wake, unsigned wait_ms,
                  db_notify_fn *each, void *user, struct err *err)
{
    const int64_t until_us = clock_steady_us() + (int64_t)wait_ms * US_PER_MS;
    struct connection *c = &s->connection;
    struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};

    if (!is_here(s, err)) {
        return false;
    }
    fds[0].fd = PQsocket(c->pg);
    fds[1].fd = fd_wake; /* poll ignores -1 */
    for (;;) {
        int64_t left_us = until_us - clock_steady_us();

        /* Some came with the answers of earlier statements. */
        if (hand_out(c, each, user) > 0) {
            left_us = 0;
        }
        if (poll(fds, COUNT_OF(fds),
                 left_us > 0 ? (int)(left_us / US_PER_MS) + 1 : 0) < 0) {
            continue; /* a signal */
        }
        if (fds[0].revents != 0 &&
            (!PQconsumeInput(c->pg) || PQstatus(c->pg) != CONNECTION_OK)) {
            (void)connection_fail(c, "database session", NULL, err);
            connection_close(c);
            return false;
        }
        if ((fds[1].revents & POLLIN) != 0) {
            drain(fd_wake);
            left_us = 0;
        }
        if (left_us <= 0) {
            (void)hand_out(c, each, user);
            return true;
        }
    }
}

/* One pipeline for many calls.
 *
 * Happy path: everything is prepared; calls that stand alone are sent, each
 * with its Sync; the calls marked `batch` follow with one Sync, so one
 * transaction and one commit; answers are read in that order. An answer counts
 * only after its Sync was answered, because that is where the commit happens.
 *
 * Other endings: one of the group fails, nothing of the group was committed:
 * the group is sent again, each call alone, and only the guilty one fails. The
 * connection is lost: every call that has no answer is ERR_UNAVAILABLE. */
#include "db/batch.h"

#include <string.h>

struct batch {
    struct connection *c;
    struct call **calls; /* NULL: answered. */
    size_t count;
    call_done_fn *done;
    struct err lost;
};

static void answer(struct batch *b, size_t i)
{
    struct call *call = b->calls[i];

    b->calls[i] = NULL;
    if (b->done != NULL) {
        b->done(call);
    }
}

static bool is_lost(const struct batch *b)
{
    return b->c->pg == NULL;
}

/* Handle a call that could not be prepared or sent: alone, or with the whole
 * connection. */
static bool refuse(struct batch *b, size_t i)
{
    if (is_lost(b)) {
        b->lost = *b->calls[i]->err;
        return false;
    }
    answer(b, i);
    return true;
}

static bool prepare_all(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct call *call = b->calls[i];

        if (connection_prepare(b->c, call->sql, call->err) == NULL &&
            !refuse(b, i)) {
            return false;
        }
    }
    return true;
}

/* --- calls that stand alone ---------------------------------------------- */

static bool send_apart(struct batch *b, bool of_group)
{
    for (size_t i = 0; i < b->count; i++) {
        struct call *call = b->calls[i];

        if (call == NULL || call->sql->batch != of_group) {
            continue;
        }
        if (!connection_send(b->c, call, call->err)) {
            if (!refuse(b, i)) {
                return false;
            }
        } else if (!connection_sync(b->c, &b->lost)) {
            return false;
        }
    }
    return true;
}

static bool read_apart(struct batch *b, bool of_group)
{
    PGresult *result = NULL;
    PGresult *failed = NULL;

    for (size_t i = 0; i < b->count; i++) {
        struct call *call = b->calls[i];

        if (call == NULL || call->sql->batch != of_group) {
            continue;
        }
        if (!connection_result(b->c, &result, &b->lost)) {
            return false;
        }
        if (!connection_end(b->c, &failed, &b->lost)) {
            PQclear(result);
            return false;
        }
        if (failed != NULL) {
            PQclear(result);
            result = failed;
        }
        call_finish(b->c, call, result);
        answer(b, i);
    }
    return true;
}

/* --- calls that share a transaction -------------------------------------- */

static bool send_group(struct batch *b)
{
    size_t sent = 0;

    for (size_t i = 0; i < b->count; i++) {
        struct call *call = b->calls[i];

        if (call == NULL || !call->sql->batch) {
            continue;
        }
        if (connection_send(b->c, call, call->err)) {
            sent++;
        } else if (!refuse(b, i)) {
            return false;
        }
    }
    return sent == 0 || connection_sync(b->c, &b->lost);
}

static bool is_good(const PGresult *result)
{
    return PQresultStatus(result) == PGRES_TUPLES_OK ||
           PQresultStatus(result) == PGRES_COMMAND_OK;
}

/* Results of the group; *committed: they count. */
static bool collect_group(struct batch *b, size_t *size, bool *committed)
{
    PGresult *failed = NULL;
    bool good = true;

    for (size_t i = 0; i < b->count; i++) {
        struct call *call = b->calls[i];

        if (call == NULL || !call->sql->batch) {
            continue;
        }
        if (!connection_result(b->c, &call->result, &b->lost)) {
            return false;
        }
        good = good && is_good(call->result);
        (*size)++;
    }
    if (*size > 0 && !connection_end(b->c, &failed, &b->lost)) {
        return false;
    }
    *committed = good && failed == NULL;
    PQclear(failed);
    return true;
}

static void drop_results(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        if (b->calls[i] != NULL) {
            PQclear(b->calls[i]->result);
            b->calls[i]->result = NULL;
        }
    }
}

static bool read_group(struct batch *b)
{
    size_t size = 0;
    bool committed = false;

    if (!collect_group(b, &size, &committed)) {
        return false;
    }
    if (!committed) {
        drop_results(b);
        return send_apart(b, true) && read_apart(b, true);
    }
    for (size_t i = 0; i < b->count; i++) {
        if (b->calls[i] != NULL && b->calls[i]->sql->batch) {
            PGresult *result = b->calls[i]->result;

            b->calls[i]->result = NULL;
            call_finish(b->c, b->calls[i], result);
            answer(b, i);
        }
    }
    return true;
}

/* --- all ----------------------------------------------------------------- */

static void fail_rest(struct batch *b)
{
    drop_results(b);
    for (size_t i = 0; i < b->count; i++) {
        if (b->calls[i] != NULL) {
            *b->calls[i]->err = b->lost;
            answer(b, i);
        }
    }
}

void batch_run(struct connection *c, struct call **calls, size_t count,
               call_done_fn *done)
{
    struct batch b = {.c = c, .calls = calls, .count = count, .done = done};

    if (!prepare_all(&b) || !send_apart(&b, false) || !send_group(&b) ||
        !read_apart(&b, false) || !read_group(&b)) {
        fail_rest(&b);
    }
}

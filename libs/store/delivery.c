/* The ledger's writes: rows and attempts go in as columns, in batches. */
#include "store/delivery.h"

#include "base/macros.h"
#include "store/hours.h"
#include "store/refusal.h"
#include "store_sql.h"

#include <assert.h>
#include <stdlib.h>

#define ARENA_BYTES 65536
#define ROW_ARGS 18
#define ATTEMPT_ARGS 23
#define COUNT_ARGS 2 /* Behind the attempts. */
#define TRACE_ARGS 2

const char *const delivery_state_words[] = {"pending", "delivered", "failed",
                                            "held", NULL};

static int64_t none_if_zero(int64_t n)
{
    return n == 0 ? DB_INT_NULL : n;
}

static struct str none_if_empty(struct str s)
{
    return s.len == 0 ? STR_NONE : s;
}

/* --- columns ---------------------------------------------------------------
 */

struct columns {
    struct arena *arena;
    size_t count;
};

static struct id *ids(struct columns c)
{
    return arena_zero(c.arena, c.count + 1, sizeof(struct id));
}

static int64_t *numbers(struct columns c)
{
    return arena_zero(c.arena, c.count + 1, sizeof(int64_t));
}

static struct str *texts(struct columns c)
{
    return arena_zero(c.arena, c.count + 1, sizeof(struct str));
}

/* Why the rows failed: an argument of both statements, behind those of the
 * attempts. */
static struct db_arg failure_arg(struct arena *arena,
                                 const struct delivery *rows, size_t count)
{
    struct str *words = texts((struct columns){arena, count});

    for (size_t i = 0; i < count; i++) {
        words[i] = none_if_empty(rows[i].last_failure);
    }
    return ARG_TEXTS(words, count);
}

/* To which traces they belong: the last arguments of delivery_insert. */
static void trace_args(struct arena *arena, const struct delivery *rows,
                       size_t count, struct db_arg args[TRACE_ARGS])
{
    struct columns c = {arena, count};
    struct id *trace = ids(c);
    int64_t *flags = numbers(c);

    for (size_t i = 0; i < count; i++) {
        trace[i] = rows[i].trace.id;
        flags[i] = rows[i].trace.flags;
    }
    args[0] = ARG_UUIDS(trace, count);
    args[1] = ARG_INTS(flags, count);
}

static void row_args(struct arena *arena, const struct delivery *rows,
                     size_t count, struct db_arg args[ROW_ARGS])
{
    struct columns c = {arena, count};
    struct id *org = ids(c), *id = ids(c), *event = ids(c), *hook = ids(c);
    int64_t *event_at = numbers(c), *is_test = numbers(c);
    int64_t *attempts = numbers(c), *due = numbers(c), *status = numbers(c);
    int64_t *finished = numbers(c), *created = numbers(c);
    int64_t *ordinal = numbers(c);
    struct str *type = texts(c), *subject = texts(c), *state = texts(c);
    struct str *error = texts(c), *body = texts(c), *request = texts(c);

    for (size_t i = 0; i < count; i++) {
        const struct delivery *d = &rows[i];

        org[i] = d->org_id;
        id[i] = d->id;
        event_at[i] = d->event_at_us;
        event[i] = d->event_id;
        hook[i] = d->webhook_id;
        type[i] = d->event_type;
        subject[i] = d->subject;
        state[i] = str_of(delivery_state_words[d->state]);
        is_test[i] = d->is_test;
        attempts[i] = d->attempts;
        due[i] = d->due_at_us;
        status[i] = none_if_zero(d->last_status);
        error[i] = none_if_empty(d->last_error);
        body[i] = d->body;
        finished[i] = d->finished_at_us;
        created[i] = d->created_at_us;
        request[i] = none_if_empty(d->request_id);
        ordinal[i] = none_if_zero(d->ordinal);
    }
    args[0] = ARG_UUIDS(org, count);
    args[1] = ARG_UUIDS(id, count);
    args[2] = ARG_TIMES(event_at, count);
    args[3] = ARG_UUIDS(event, count);
    args[4] = ARG_UUIDS(hook, count);
    args[5] = ARG_TEXTS(type, count);
    args[6] = ARG_TEXTS(subject, count);
    args[7] = ARG_TEXTS(state, count);
    args[8] = ARG_INTS(is_test, count);
    args[9] = ARG_INTS(attempts, count);
    args[10] = ARG_TIMES(due, count);
    args[11] = ARG_INTS(status, count);
    args[12] = ARG_TEXTS(error, count);
    args[13] = ARG_BYTESS(body, count);
    args[14] = ARG_TIMES(finished, count);
    args[15] = ARG_TIMES(created, count);
    args[16] = ARG_TEXTS(request, count);
    args[17] = ARG_INTS(ordinal, count);
}

/* How it was made, as columns; the second half of attempt_args. */
static void connection_args(struct arena *arena, const struct attempt *list,
                            size_t count, struct db_arg args[])
{
    struct columns c = {arena, count};
    int64_t *reused = numbers(c), *expires = numbers(c);
    struct str *http = texts(c), *tls = texts(c);
    struct str *subject = texts(c), *issuer = texts(c), *sent = texts(c);

    for (size_t i = 0; i < count; i++) {
        const struct attempt *a = &list[i];

        reused[i] = a->reused;
        http[i] = none_if_empty(a->http_version);
        tls[i] = none_if_empty(a->tls_version);
        subject[i] = none_if_empty(a->certificate_subject);
        issuer[i] = none_if_empty(a->certificate_issuer);
        expires[i] = a->certificate_expires_us;
        sent[i] = none_if_empty(a->request_headers);
    }
    args[0] = ARG_INTS(reused, count);
    args[1] = ARG_TEXTS(http, count);
    args[2] = ARG_TEXTS(tls, count);
    args[3] = ARG_TEXTS(subject, count);
    args[4] = ARG_TEXTS(issuer, count);
    args[5] = ARG_TIMES(expires, count);
    args[6] = ARG_TEXTS(sent, count);
}

static void attempt_args(struct arena *arena, const struct attempt *list,
                         size_t count, struct db_arg args[ATTEMPT_ARGS])
{
    struct columns c = {arena, count};
    struct id *org = ids(c), *delivery = ids(c);
    int64_t *number = numbers(c), *at = numbers(c), *status = numbers(c);
    int64_t *dns = numbers(c), *connect = numbers(c), *tls = numbers(c);
    int64_t *first = numbers(c), *total = numbers(c);
    struct str *verdict = texts(c), *failure = texts(c), *detail = texts(c);
    struct str *remote = texts(c), *headers = texts(c), *body = texts(c);

    for (size_t i = 0; i < count; i++) {
        const struct attempt *a = &list[i];

        org[i] = a->org_id;
        delivery[i] = a->delivery_id;
        number[i] = a->number;
        at[i] = a->at_us;
        verdict[i] = a->verdict;
        status[i] = none_if_zero(a->status);
        failure[i] = a->failure;
        detail[i] = a->detail;
        remote[i] = a->remote;
        dns[i] = a->dns_us;
        connect[i] = a->connect_us;
        tls[i] = a->tls_us;
        first[i] = a->first_byte_us;
        total[i] = a->total_us;
        headers[i] = a->response_headers;
        body[i] = a->response_body;
    }
    args[0] = ARG_UUIDS(org, count);
    args[1] = ARG_UUIDS(delivery, count);
    args[2] = ARG_INTS(number, count);
    args[3] = ARG_TIMES(at, count);
    args[4] = ARG_TEXTS(verdict, count);
    args[5] = ARG_INTS(status, count);
    args[6] = ARG_TEXTS(failure, count);
    args[7] = ARG_TEXTS(detail, count);
    args[8] = ARG_TEXTS(remote, count);
    args[9] = ARG_INTS(dns, count);
    args[10] = ARG_INTS(connect, count);
    args[11] = ARG_INTS(tls, count);
    args[12] = ARG_INTS(first, count);
    args[13] = ARG_INTS(total, count);
    args[14] = ARG_TEXTS(headers, count);
    args[15] = ARG_BYTESS(body, count);
    connection_args(arena, list, count, args + 16);
}

/* What is more to know of the attempts for the sums of hours. */
static void count_args(struct arena *arena, const struct attempt *list,
                       size_t count, struct db_arg args[COUNT_ARGS])
{
    struct id *webhook = ids((struct columns){arena, count});

    for (size_t i = 0; i < count; i++) {
        webhook[i] = list[i].webhook_id;
    }
    args[0] = ARG_UUIDS(webhook, count);
    args[1] = ARG_INT(hours_shard());
}

/* --- writes ------------------------------------------------------------------
 */

/* The returned rows stand in the order of ours, without those that were there
 * already. */
static void mark_new(const struct db_rows *got, const struct delivery *rows,
                     size_t count, bool *is_new)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        is_new[i] = at < db_count(got) &&
                    id_eq(db_uuid(got, at, 0), rows[i].org_id) &&
                    id_eq(db_uuid(got, at, 1), rows[i].id);
        at += is_new[i];
    }
    assert(at == db_count(got));
}

/* That none of the rows is there is the rule; to reckon with one costs
 * PostgreSQL a third more. */
bool delivery_insert(struct db *db, const struct delivery *rows, size_t count,
                     const struct attempt *attempts, size_t attempt_count,
                     bool *is_new, struct err *err)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct db_arg args[ROW_ARGS + ATTEMPT_ARGS + COUNT_ARGS + 1 + TRACE_ARGS];
    struct db_rows *got = NULL;
    bool ok = false;

    row_args(arena, rows, count, args);
    attempt_args(arena, attempts, attempt_count, args + ROW_ARGS);
    count_args(arena, attempts, attempt_count, args + ROW_ARGS + ATTEMPT_ARGS);
    args[ROW_ARGS + ATTEMPT_ARGS + COUNT_ARGS] =
        failure_arg(arena, rows, count);
    trace_args(arena, rows, count,
               args + ROW_ARGS + ATTEMPT_ARGS + COUNT_ARGS + 1);
    ok = db_run(db, &sql_delivery_insert_new, args, COUNT_OF(args), NULL, err);
    if (ok) {
        memset(is_new, true, count * sizeof *is_new);
    } else if (err->code == ERR_CONFLICT) {
        err_clear(err);
        ok = db_run(db, &sql_delivery_insert, args, COUNT_OF(args), &got, err);
        if (ok) {
            mark_new(got, rows, count, is_new);
        }
    }
    db_rows_free(got);
    arena_free(arena);
    return ok;
}

/* Of one delivery, the outcome that counts comes first. */
static int by_delivery(const void *left, const void *right)
{
    const struct delivery *a = left;
    const struct delivery *b = right;
    int order = memcmp(&a->id, &b->id, sizeof a->id);

    if (order != 0) {
        return order;
    }
    order = (b->state == DELIVERY_DELIVERED) - (a->state == DELIVERY_DELIVERED);
    if (order != 0) {
        return order;
    }
    return (a->lease_until_us < b->lease_until_us) -
           (a->lease_until_us > b->lease_until_us);
}

/* Two outcomes of one row would be applied in any order. */
static const struct delivery *
one_each(struct arena *arena, const struct delivery *rows, size_t *count)
{
    struct delivery *sorted = arena_zero(arena, *count + 1, sizeof *sorted);
    size_t kept = 0;

    if (*count > 0) {
        memcpy(sorted, rows, *count * sizeof *sorted);
        qsort(sorted, *count, sizeof *sorted, by_delivery);
    }
    for (size_t i = 0; i < *count; i++) {
        if (kept == 0 || !id_eq(sorted[i].id, sorted[kept - 1].id)) {
            sorted[kept++] = sorted[i];
        }
    }
    *count = kept;
    return sorted;
}

static int64_t *leases(struct columns c, const struct delivery *rows)
{
    int64_t *lease = numbers(c);

    for (size_t i = 0; i < c.count; i++) {
        lease[i] = rows[i].lease_until_us;
    }
    return lease;
}

bool delivery_record(struct db *db, const struct delivery *rows, size_t count,
                     const struct attempt *attempts, size_t attempt_count,
                     struct err *err)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct db_arg all[ROW_ARGS];
    struct db_arg args[11 + ATTEMPT_ARGS + COUNT_ARGS + 2];
    int64_t earliest = INT64_MAX;
    int64_t latest = INT64_MIN + 1;
    bool ok = false;

    for (size_t i = 0; i < count; i++) {
        earliest = MIN_OF(earliest, rows[i].event_at_us);
        latest = MAX_OF(latest, rows[i].event_at_us);
    }
    rows = one_each(arena, rows, &count);
    row_args(arena, rows, count, all);
    args[0] = all[0];  /* org_id */
    args[1] = all[1];  /* id */
    args[2] = all[2];  /* event_at */
    args[3] = all[7];  /* state */
    args[4] = all[9];  /* attempts */
    args[5] = all[10]; /* due_at */
    args[6] = all[11]; /* last_status */
    args[7] = all[12]; /* last_error */
    args[8] = count == 0 ? ARG_NULL : ARG_TIME(earliest);
    args[9] = count == 0 ? ARG_NULL : ARG_TIME(latest);
    args[10] = all[14]; /* finished_at */
    attempt_args(arena, attempts, attempt_count, args + 11);
    count_args(arena, attempts, attempt_count, args + 11 + ATTEMPT_ARGS);
    args[11 + ATTEMPT_ARGS + COUNT_ARGS] = failure_arg(arena, rows, count);
    args[11 + ATTEMPT_ARGS + COUNT_ARGS + 1] =
        ARG_TIMES(leases((struct columns){arena, count}, rows), count);
    ok = db_run(db, &sql_delivery_record, args, COUNT_OF(args), NULL, err);
    arena_free(arena);
    return ok;
}

bool delivery_end_waiting(struct db *db, int64_t before_us, int64_t now_us,
                          int64_t *ended, struct err *err)
{
    const struct str says = str_of(refusal_says(REFUSAL_WAITED));
    const struct str word = str_of(refusal_word(REFUSAL_WAITED));
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_delivery_end_waiting,
                ARGS(ARG_TIME(before_us), ARG_INT(DELIVERY_END_MAX),
                     ARG_TIME(now_us), ARG_TEXT(says), ARG_TEXT(word),
                     ARG_INT(hours_shard())),
                &rows, err)) {
        return false;
    }
    *ended = db_int(rows, 0, 0);
    db_rows_free(rows);
    return true;
}

bool delivery_settle(struct db *db, int64_t *settled, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_delivery_settle, NULL, 0, &rows, err)) {
        return false;
    }
    *settled = db_changed(rows);
    db_rows_free(rows);
    return true;
}

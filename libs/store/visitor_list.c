/* Lists of visitors: which way to find them, so that no list costs more than a
 * few thousand rows, however many visitors there are.
 *
 * An index has the order of every sort. Where status, location and a range of
 * the sorted time are all that is asked, each row it gives fits: the walk ends
 * with the page. Words, e-mail, company, host and ranges of other times may fit
 * one row in a million, so then it goes in three steps:
 *   1. walk WALK_FIRST rows: enough for what fits often, and a sample of how
 *      often that is;
 *   2. unless OFTEN of them fit, gather what lies in the other range, or has
 *      the words, and sort it here: good for up to GATHER_MAX rows. A range
 *      that is too wide costs little: its index tells. A word's index is read
 *      to the end of the word, so a word that many have should not get here,
 *      and does not twice (frequent.h);
 *   3. walk on over WALK_LAST rows, and tell how far it came when that was not
 *      enough.
 */
#include "store/visitor.h"

#include "message/message.h"
#include "row.h"
#include "status.h"
#include "store/frequent.h"
#include "store_sql.h"

#include <assert.h>

#define WALK_FIRST 250
#define OFTEN 3 /* About one in a hundred: the next page then has some. */
#define GATHER_MAX 1000
#define WALK_LAST 1000

#define FILTER_ARGS 13

/* clang-format off */
#define PLACES(name) {&sql_visitor_##name##_anywhere, &sql_visitor_##name##_at_location}
#define PARTS(name) {PLACES(name##_set), PLACES(name##_unset)}
#define WAYS(key) {PARTS(walk_##key##_asc), PARTS(walk_##key##_desc)}

enum part { SET, UNSET, PART_COUNT };

/* By time, descending or not, part, with a location or not. */
static const struct sql *const walks[VISITOR_TIME_COUNT][2][PART_COUNT][2] = {
    [VISITOR_CREATED] = WAYS(created_at),
    [VISITOR_EXPECTED] = WAYS(expected_at),
    [VISITOR_CHECKED_IN] = WAYS(checked_in_at),
};
static const struct sql *const gathers[VISITOR_TIME_COUNT][2] = {
    [VISITOR_CREATED] = PLACES(gather_by_created_at),
    [VISITOR_EXPECTED] = PLACES(gather_by_expected_at),
    [VISITOR_CHECKED_IN] = PLACES(gather_by_checked_in_at),
};
static const struct sql *const counts[VISITOR_TIME_COUNT][2] = {
    [VISITOR_CREATED] = PLACES(count_by_created_at),
    [VISITOR_EXPECTED] = PLACES(count_by_expected_at),
    [VISITOR_CHECKED_IN] = PLACES(count_by_checked_in_at),
};
/* clang-format on */

/* What the steps share. */
struct listing {
    struct db *db;
    struct id org_id;
    const struct visitor_query *query;
    struct arena *arena;
    struct str words[STATUS_WORDS_MAX];
    struct db_arg filter[FILTER_ARGS]; /* every statement's first */
    struct visitor_place from;         /* where the next walk begins */
    struct visitor_answer *out;
};

static void filter_args(struct id org_id, const struct visitor_filter *f,
                        struct str words[STATUS_WORDS_MAX],
                        struct db_arg args[FILTER_ARGS])
{
    size_t count = status_words(&porter__v1__visitor_status__descriptor,
                                f->statuses, words);
    const struct visitor_range *r = f->ranges;
    const struct db_arg all[FILTER_ARGS] = {
        ARG_UUID(org_id),
        ARG_TEXTS(words, count),
        ARG_UUID_OR_NULL(f->location_id),
        ARG_TEXT(f->search),
        ARG_TEXT(f->email),
        ARG_TEXT(f->company),
        ARG_TEXT(f->host_email),
        ARG_TIME(r[VISITOR_EXPECTED].from_us),
        ARG_TIME(r[VISITOR_EXPECTED].to_us),
        ARG_TIME(r[VISITOR_CHECKED_IN].from_us),
        ARG_TIME(r[VISITOR_CHECKED_IN].to_us),
        ARG_TIME(r[VISITOR_CREATED].from_us),
        ARG_TIME(r[VISITOR_CREATED].to_us),
    };

    memcpy(args, all, sizeof all);
}

static bool has_range(const struct visitor_filter *f, enum visitor_time time)
{
    return f->ranges[time].from_us != DB_TIME_NULL ||
           f->ranges[time].to_us != DB_TIME_NULL;
}

static bool has_whole(const struct visitor_filter *f)
{
    return f->email.data != NULL || f->company.data != NULL ||
           f->host_email.data != NULL;
}

static bool has_words(const struct visitor_filter *f)
{
    return f->search.data != NULL || has_whole(f);
}

static bool has_place(const struct visitor_filter *f)
{
    return !id_is_zero(f->location_id);
}

struct visitor_place visitor_place_of(const Porter__V1__Visitor *v,
                                      enum visitor_time sort)
{
    const Google__Protobuf__Timestamp *const times[VISITOR_TIME_COUNT] = {
        [VISITOR_CREATED] = v->created_at,
        [VISITOR_EXPECTED] = v->expected_at,
        [VISITOR_CHECKED_IN] = v->checked_in_at,
    };
    struct db_arg at = row_time(times[sort]);

    return (struct visitor_place){
        .is_set = true,
        .at_us = at.kind == DB_NULL ? DB_TIME_NULL : at.value.number,
        .id = row_id(ID_VISITOR, v->id),
    };
}

/* --- the walk ------------------------------------------------------------ */

static struct id id_filled(uint8_t byte)
{
    struct id id;

    memset(id.bytes, byte, sizeof id.bytes);
    return id;
}

/* Begin behind the place, or where the list begins: at a bound of the range,
 * before every id there (the bound itself is in an ascending list only). */
static void start_args(const struct listing *l, enum part part,
                       struct db_arg *at, struct db_arg *id,
                       struct db_arg *bound)
{
    const struct visitor_query *q = l->query;
    const struct visitor_range *range = &q->filter.ranges[q->sort];
    bool goes_on =
        l->from.is_set && (part == UNSET) == (l->from.at_us == DB_TIME_NULL);
    uint8_t edge = part == UNSET && q->is_descending ? 0xff : 0;

    *id = ARG_UUID(goes_on ? l->from.id : id_filled(edge));
    if (part == UNSET) {
        *at = ARG_NULL;
        *bound = ARG_NULL;
        return;
    }
    *at = ARG_TIME(goes_on            ? l->from.at_us
                   : q->is_descending ? range->to_us
                                      : range->from_us);
    *bound = ARG_TIME(q->is_descending ? range->from_us : range->to_us);
}

/* Take the rows that fit, up to where the walk has seen all there is. */
static bool take_walked(struct listing *l, const struct db_rows *rows,
                        struct err *err)
{
    size_t fits = db_columns(rows) - 2;
    size_t end = db_columns(rows) - 1;
    struct visitor_answer *out = l->out;

    for (size_t i = 0; i < db_count(rows) && !out->is_cut; i++) {
        ProtobufCMessage *m = NULL;
        Porter__V1__Visitor *v = NULL;

        if (!row_message(rows, i, &porter__v1__visitor__descriptor, l->arena,
                         &m, err)) {
            return false;
        }
        v = (Porter__V1__Visitor *)(void *)m;
        if (db_bool(rows, i, fits)) {
            assert(out->count < l->query->max);
            out->rows[out->count++] = v;
        }
        if (db_bool(rows, i, end)) {
            out->is_cut = true;
            out->end = visitor_place_of(v, l->query->sort);
        }
    }
    return true;
}

static bool walk_part(struct listing *l, enum part part, int64_t budget,
                      struct err *err)
{
    const struct visitor_query *q = l->query;
    struct db_arg args[FILTER_ARGS + 5];
    struct db_rows *rows = NULL;
    bool ok = false;

    memcpy(args, l->filter, sizeof l->filter);
    start_args(l, part, &args[FILTER_ARGS], &args[FILTER_ARGS + 1],
               &args[FILTER_ARGS + 4]);
    args[FILTER_ARGS + 2] = ARG_INT((int64_t)(q->max - l->out->count));
    args[FILTER_ARGS + 3] = ARG_INT(budget);
    ok = db_run(l->db,
                walks[q->sort][q->is_descending][part][has_place(&q->filter)],
                args, COUNT_OF(args), &rows, err) &&
         take_walked(l, rows, err);
    db_rows_free(rows);
    return ok;
}

/* Add what fits from where the walk before ended. budget: rows of a part to
 * look at. */
static bool walk(struct listing *l, int64_t budget, struct err *err)
{
    const struct visitor_query *q = l->query;
    bool has_unset =
        q->sort != VISITOR_CREATED && !has_range(&q->filter, q->sort);
    bool begins_unset = l->from.is_set && l->from.at_us == DB_TIME_NULL;

    l->out->is_cut = false;
    if (!begins_unset && !walk_part(l, SET, budget, err)) {
        return false;
    }
    if (has_unset && !l->out->is_cut && l->out->count < q->max &&
        !walk_part(l, UNSET, budget, err)) {
        return false;
    }
    l->from = l->out->end;
    return true;
}

/* --- the gathering ------------------------------------------------------- */

/* The narrowest range: one that is closed, then one that is open. NULL: none.
 */
static const struct sql *by_range(const struct visitor_filter *f,
                                  const struct sql *const by[][2])
{
    const struct sql *found = NULL;

    for (unsigned i = VISITOR_TIME_COUNT; i-- > 0;) {
        const struct visitor_range *r = &f->ranges[i];
        bool is_closed = r->from_us != DB_TIME_NULL && r->to_us != DB_TIME_NULL;

        if (has_range(f, i) && (found == NULL || is_closed)) {
            found = by[i][has_place(f)];
        }
    }
    return found;
}

/* The answer is complete when *is_done: there were not too many. */
static bool gather(struct listing *l, const struct sql *sql, bool *is_done,
                   struct err *err)
{
    const struct visitor_query *q = l->query;
    struct db_arg args[FILTER_ARGS + 6];
    struct db_rows *rows = NULL;
    size_t seen = 0;
    bool ok = false;

    memcpy(args, l->filter, sizeof l->filter);
    args[FILTER_ARGS] = ARG_INT(GATHER_MAX + 1);
    args[FILTER_ARGS + 1] = ARG_INT(q->sort);
    args[FILTER_ARGS + 2] = ARG_BOOL(q->is_descending);
    args[FILTER_ARGS + 3] =
        ARG_TIME(q->after.is_set ? q->after.at_us : DB_TIME_NULL);
    args[FILTER_ARGS + 4] = q->after.is_set ? ARG_UUID(q->after.id) : ARG_NULL;
    args[FILTER_ARGS + 5] = ARG_INT((int64_t)q->max);
    if (!db_run(l->db, sql, args, COUNT_OF(args), &rows, err)) {
        return false;
    }
    assert(db_count(rows) > 0);
    seen = (size_t)db_int(rows, 0, db_columns(rows) - 1);
    ok = true;
    *is_done = seen <= GATHER_MAX;
    if (*is_done) {
        ProtobufCMessage **all = NULL;

        ok = row_messages(rows, &porter__v1__visitor__descriptor, l->arena,
                          &all, &l->out->count, err);
        l->out->rows = (Porter__V1__Visitor **)(void *)all;
        l->out->is_cut = false;
        if (db_is_null(rows, 0, 0)) {
            l->out->count = 0; /* The one row that is always there. */
        }
    }
    db_rows_free(rows);
    return ok;
}

static bool gather_words(struct listing *l, bool *is_done, struct err *err)
{
    const struct visitor_filter *f = &l->query->filter;
    const struct str words[] = {f->search, f->email, f->company, f->host_email};
    uint64_t key = frequent_key(l->org_id, words, COUNT_OF(words));

    if (frequent_has(key)) {
        return true;
    }
    if (!gather(l, &sql_visitor_gather_by_words, is_done, err)) {
        return false;
    }
    if (!*is_done) {
        frequent_add(key);
    }
    return true;
}

/* By a range first, unless a whole value is asked for: those are rare. */
static bool gather_any(struct listing *l, bool *is_done, struct err *err)
{
    const struct visitor_filter *f = &l->query->filter;
    const struct sql *range = by_range(f, gathers);

    *is_done = false;
    if (range != NULL && !has_whole(f) && !gather(l, range, is_done, err)) {
        return false;
    }
    if (*is_done || !has_words(f)) {
        return true;
    }
    return gather_words(l, is_done, err);
}

/* --- lists and counts ---------------------------------------------------- */

/* Is there more asked than what the index of the order knows? */
static bool is_plain(const struct visitor_query *q)
{
    if (has_words(&q->filter)) {
        return false;
    }
    for (unsigned i = 0; i < VISITOR_TIME_COUNT; i++) {
        if (i != q->sort && has_range(&q->filter, i)) {
            return false;
        }
    }
    return true;
}

bool visitor_list(struct db *db, struct id org_id,
                  const struct visitor_query *query, struct arena *arena,
                  struct visitor_answer *out, struct err *err)
{
    struct listing l = {.db = db,
                        .org_id = org_id,
                        .query = query,
                        .arena = arena,
                        .from = query->after,
                        .out = out};
    bool is_done = false;

    assert(query->max > 0);
    filter_args(org_id, &query->filter, l.words, l.filter);
    *out = (struct visitor_answer){
        .rows = arena_zero(arena, query->max, sizeof *out->rows)};
    if (is_plain(query)) {
        return walk(&l, (int64_t)query->max + 1, err); /* Every row fits. */
    }
    if (!walk(&l, WALK_FIRST, err)) {
        return false;
    }
    if (out->count == query->max || !out->is_cut) {
        return true;
    }
    if (out->count < OFTEN && (!gather_any(&l, &is_done, err) || is_done)) {
        return is_done;
    }
    return walk(&l, WALK_LAST, err);
}

bool visitor_count(struct db *db, struct id org_id,
                   const struct visitor_filter *filter, int64_t *total,
                   bool *is_exact, struct err *err)
{
    const struct sql *sql = has_words(filter) ? &sql_visitor_count_by_words
                                              : by_range(filter, counts);
    struct str words[STATUS_WORDS_MAX];
    struct db_arg args[FILTER_ARGS + 1];
    struct db_rows *rows = NULL;

    filter_args(org_id, filter, words, args);
    args[FILTER_ARGS] = ARG_INT(VISITOR_COUNT_MAX + 1);
    if (sql == NULL) {
        sql = counts[VISITOR_CREATED][has_place(filter)];
    }
    if (!db_run(db, sql, args, COUNT_OF(args), &rows, err)) {
        return false;
    }
    *total = MIN_OF(db_int(rows, 0, 0), (int64_t)VISITOR_COUNT_MAX);
    *is_exact = db_int(rows, 0, 1) <= VISITOR_COUNT_MAX;
    db_rows_free(rows);
    return true;
}

bool visitor_left(struct db *db, struct id org_id,
                  const struct visitor_left *query, struct arena *arena,
                  Porter__V1__Visitor ***list, size_t *count, struct err *err)
{
    const struct visitor_place *after = &query->after;
    struct db_rows *rows = NULL;
    ProtobufCMessage **all = NULL;
    bool ok = db_run(db, &sql_dashboard_left,
                     ARGS(ARG_UUID(org_id), ARG_UUID(query->location_id),
                          ARG_TIME(query->since_us),
                          ARG_TIME(after->is_set ? after->at_us : DB_TIME_NULL),
                          after->is_set ? ARG_UUID(after->id) : ARG_NULL,
                          ARG_INT((int64_t)query->max)),
                     &rows, err) &&
              row_messages(rows, &porter__v1__visitor__descriptor, arena, &all,
                           count, err);

    db_rows_free(rows);
    if (ok) {
        *list = (Porter__V1__Visitor **)(void *)all;
    }
    return ok;
}

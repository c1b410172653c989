/* Reading the event log. A page looks at WALK events at most, and answers
 * BYTES of payload at most beyond its first: where no filter leaves anything
 * out it looks at no more than it shows. */
#include "store/event_log.h"

#include "base/clock.h"
#include "message/message.h"
#include "store_sql.h"

#include <assert.h>

#define WALK 10000
#define BYTES (4 << 20)

enum { PAYLOAD, TXID, ID, FITS, IS_END }; /* Of a list. */
enum { SETTLED = TXID + 1 };              /* Of one event. */

/* --- days ---------------------------------------------------------------- */

static int64_t day_of(int64_t at_us)
{
    int64_t rest = at_us % US_PER_DAY;

    return at_us - (rest < 0 ? rest + US_PER_DAY : rest);
}

struct event_days event_days(int64_t from_us, int64_t to_us)
{
    return (struct event_days){
        from_us == DB_TIME_NULL ? DB_TIME_NULL : day_of(from_us),
        to_us == DB_TIME_NULL ? DB_TIME_NULL : day_of(to_us - 1) + US_PER_DAY,
    };
}

/* --- rows ---------------------------------------------------------------- */

static bool read_event(const struct db_rows *rows, size_t row,
                       struct arena *arena, Porter__V1__Event **out,
                       struct err *err)
{
    ProtobufCMessage *m = NULL;

    if (!message_unpack(&porter__v1__event__descriptor,
                        db_bytes(rows, row, PAYLOAD), arena, &m, err)) {
        err->code = ERR_INTERNAL; /* We wrote it. */
        return err_wrap(err, "an event of the log");
    }
    *out = (Porter__V1__Event *)(void *)m;
    return true;
}

/* One row more than max may be there: it says that there is more. */
static bool take(const struct db_rows *rows, size_t max, struct arena *arena,
                 struct event_answer *out, struct err *err)
{
    size_t seen = db_count(rows);

    *out = (struct event_answer){.rows =
                                     arena_zero(arena, max, sizeof *out->rows)};
    for (size_t i = 0; i < seen; i++) {
        bool fits = db_bool(rows, i, FITS);

        if (fits && out->count == max) {
            out->has_more = true;
            return true;
        }
        if (fits && !read_event(rows, i, arena, &out->rows[out->count], err)) {
            return false;
        }
        out->count += fits;
        out->has_end = true;
        out->end = (struct event_place){db_int(rows, i, TXID),
                                        db_uuid(rows, i, ID), true};
    }
    out->has_more = seen > 0 && !db_bool(rows, seen - 1, IS_END);
    return true;
}

/* --- lists --------------------------------------------------------------- */

static size_t type_names(unsigned types, struct str names[EVENT_TYPE_COUNT])
{
    size_t count = 0;

    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++) {
        if ((types & 1U << i) != 0) {
            names[count++] = str_of(event_types[i].name);
        }
    }
    return count;
}

/* Before the first, or behind the last event there may be. */
static struct event_place edge(bool is_last)
{
    struct event_place place = {.txid = is_last ? INT64_MAX : 0};

    memset(place.id.bytes, is_last ? 0xff : 0, sizeof place.id.bytes);
    return place;
}

static bool fits_all(const struct event_filter *f)
{
    return f->types == 0 && f->from_us == DB_TIME_NULL &&
           f->to_us == DB_TIME_NULL;
}

bool event_list(struct db *db, struct id org_id, const struct event_query *q,
                struct arena *arena, struct event_answer *out, struct err *err)
{
    static const struct sql *const statements[2][2] = {
        {&sql_event_log_asc_all, &sql_event_log_asc_of_subject},
        {&sql_event_log_desc_all, &sql_event_log_desc_of_subject},
    };
    const struct event_filter *f = &q->filter;
    struct event_place from = q->goes_on ? q->after : edge(q->is_descending);
    struct event_days days = event_days(f->from_us, f->to_us);
    struct str names[EVENT_TYPE_COUNT];
    size_t name_count = type_names(f->types, names);
    int64_t walk = fits_all(f) ? (int64_t)q->max + 1 : WALK;
    bool is_of_subject = f->subject.data != NULL;
    const struct db_arg args[] = {
        ARG_UUID(org_id),
        ARG_INT(from.txid),
        ARG_UUID(from.id),
        name_count == 0 ? ARG_NULL : ARG_TEXTS(names, name_count),
        ARG_TIME(f->from_us),
        ARG_TIME(f->to_us),
        ARG_TIME(days.from_us),
        ARG_TIME(days.to_us),
        ARG_INT(walk),
        ARG_INT((int64_t)q->max + 1),
        ARG_INT(BYTES),
        ARG_TEXT(f->subject), /* The last: of one of the two only. */
    };
    struct db_rows *rows = NULL;
    bool ok = false;

    assert(q->max > 0);
    ok = db_run(db, statements[q->is_descending][is_of_subject], args,
                COUNT_OF(args) - (is_of_subject ? 0 : 1), &rows, err) &&
         take(rows, q->max, arena, out, err);
    db_rows_free(rows);
    return ok;
}

/* --- one ----------------------------------------------------------------- */

static bool find_within(struct db *db, struct id org_id, struct id id,
                        struct event_days days, struct db_rows **rows,
                        struct err *err)
{
    return db_run(db, &sql_event_find,
                  ARGS(ARG_UUID(org_id), ARG_UUID(id), ARG_TIME(days.from_us),
                       ARG_TIME(days.to_us)),
                  rows, err);
}

/* An event is of the time in its id, as a rule. It is not when a clock was set
 * back in between or differs much from another's: then all days are asked. */
bool event_find(struct db *db, struct id org_id, struct id id,
                struct arena *arena, Porter__V1__Event **out,
                struct event_place *place, struct err *err)
{
    const struct event_days all = {DB_TIME_NULL, DB_TIME_NULL};
    int64_t made_us = id_time_us(id);
    struct event_days near =
        event_days(made_us - US_PER_DAY, made_us + US_PER_DAY);
    struct db_rows *rows = NULL;
    bool ok = find_within(db, org_id, id, near, &rows, err);

    if (ok && db_count(rows) == 0) {
        db_rows_free(rows);
        rows = NULL;
        ok = find_within(db, org_id, id, all, &rows, err);
    }
    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "the log has no event %s",
                     id_text(ID_EVENT, id).data);
    }
    ok = ok && read_event(rows, 0, arena, out, err);
    if (ok && place != NULL) {
        *place = (struct event_place){db_int(rows, 0, TXID), id,
                                      db_bool(rows, 0, SETTLED)};
    }
    db_rows_free(rows);
    return ok;
}

/* --- the end ------------------------------------------------------------- */

bool event_log_holder(struct db *db, int64_t *txid, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_event_log_txids, ARGS_NONE, &rows, err)) {
        return false;
    }
    *txid = db_int(rows, 0, 0) < db_int(rows, 0, 1) ? db_int(rows, 0, 0) : 0;
    db_rows_free(rows);
    return true;
}

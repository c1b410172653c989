/* Evacuations: rows <-> messages; the roster; changes with their events. */
#include "store/evacuation.h"

#include "message/message.h"
#include "row.h"
#include "status.h"
#include "store_sql.h"

#include <assert.h>

/* More rows than EVACUATION_ROSTER_BYTES_MAX could ever hold: the shortest
 * person has an id. */
#define ROSTER_ROWS_MAX (EVACUATION_ROSTER_BYTES_MAX / 32)
#define FIELD_BYTES_MAX                                                        \
    6 /* A field's number and length, before the person.                       \
       */

/* --- reading ------------------------------------------------------------- */

static struct db_arg bool_or_null(bool is_set, bool value)
{
    return is_set ? ARG_BOOL(value) : ARG_NULL;
}

bool evacuation_list(struct db *db, const struct evacuation_query *q,
                     struct arena *arena, Porter__V1__EvacuationSummary ***list,
                     size_t *count, struct err *err)
{
    struct str words[STATUS_WORDS_MAX];
    size_t word_count = status_words(&porter__v1__evacuation_status__descriptor,
                                     q->statuses, words);
    struct db_rows *rows = NULL;
    ProtobufCMessage **all = NULL;
    bool ok =
        db_run(db, &sql_evacuation_list,
               ARGS(ARG_UUID(q->org_id), ARG_TEXTS(words, word_count),
                    bool_or_null(q->kind != EVACUATION_ANY,
                                 q->kind == EVACUATION_DRILL),
                    ARG_UUID_OR_NULL(q->location_id), ARG_TIME(q->before_us),
                    ARG_UUID_OR_NULL(q->before_id), ARG_INT((int64_t)q->max)),
               &rows, err) &&
        row_messages(rows, &porter__v1__evacuation_summary__descriptor, arena,
                     &all, count, err);

    if (ok) {
        *list = (Porter__V1__EvacuationSummary **)(void *)all;
    }
    db_rows_free(rows);
    return ok;
}

/* One evacuation, by a statement and as one of the two messages. */
struct lookup {
    const struct sql *sql;
    const ProtobufCMessageDescriptor *type;
};
static const struct lookup find_whole = {&sql_evacuation_find,
                                         &porter__v1__evacuation__descriptor};
static const struct lookup find_summary = {
    &sql_evacuation_find, &porter__v1__evacuation_summary__descriptor};
static const struct lookup lock_summary = {
    &sql_evacuation_lock, &porter__v1__evacuation_summary__descriptor};

static bool look_up(struct db *db, const struct lookup *what,
                    const struct evacuation_key *key, struct arena *arena,
                    ProtobufCMessage **out, struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok =
        db_run(db, what->sql, ARGS(ARG_UUID(key->org_id), ARG_UUID(key->id)),
               &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "no evacuation %s",
                     id_text(ID_EVACUATION, key->id).data);
    }
    ok = ok && row_message(rows, 0, what->type, arena, out, err);
    db_rows_free(rows);
    return ok;
}

bool evacuation_summary(struct db *db, const struct evacuation_key *key,
                        struct arena *arena,
                        Porter__V1__EvacuationSummary **out, struct err *err)
{
    ProtobufCMessage *m = NULL;

    if (!look_up(db, &find_summary, key, arena, &m, err)) {
        return false;
    }
    *out = (Porter__V1__EvacuationSummary *)(void *)m;
    return true;
}

bool evacuation_lock(struct db *db, const struct evacuation_key *key,
                     struct arena *arena, Porter__V1__EvacuationSummary **out,
                     struct err *err)
{
    ProtobufCMessage *m = NULL;

    if (!look_up(db, &lock_summary, key, arena, &m, err)) {
        return false;
    }
    *out = (Porter__V1__EvacuationSummary *)(void *)m;
    return true;
}

bool evacuation_active(struct db *db, struct id org_id,
                       const Porter__V1__Evacuation *like, struct arena *arena,
                       Porter__V1__EvacuationSummary **out, struct err *err)
{
    struct db_rows *rows = NULL;
    ProtobufCMessage *m = NULL;
    bool ok = db_run(db, &sql_evacuation_active,
                     ARGS(ARG_UUID(org_id),
                          ARG_UUID(row_id(ID_LOCATION, like->location_id)),
                          ARG_BOOL(like->drill)),
                     &rows, err);

    ok = ok && (db_count(rows) == 0 ||
                row_message(rows, 0, find_summary.type, arena, &m, err));
    db_rows_free(rows);
    if (ok) {
        *out = (Porter__V1__EvacuationSummary *)(void *)m;
    }
    return ok;
}

static bool people_of(const struct db_rows *rows, struct arena *arena,
                      Porter__V1__EvacuationPerson ***list, size_t *count,
                      struct err *err)
{
    ProtobufCMessage **all = NULL;

    if (!row_messages(rows, &porter__v1__evacuation_person__descriptor, arena,
                      &all, count, err)) {
        return false;
    }
    *list = (Porter__V1__EvacuationPerson **)(void *)all;
    return true;
}

bool evacuation_people(struct db *db, const struct evacuation_people_query *q,
                       struct arena *arena,
                       Porter__V1__EvacuationPerson ***list, size_t *count,
                       struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok =
        db_run(db, &sql_evacuation_people,
               ARGS(ARG_UUID(q->key.org_id), ARG_UUID(q->key.id),
                    bool_or_null(q->found != EVACUATION_ALL,
                                 q->found == EVACUATION_FOUND),
                    ARG_TEXT(q->after_name), ARG_UUID_OR_NULL(q->after_id),
                    ARG_INT((int64_t)q->max)),
               &rows, err) &&
        people_of(rows, arena, list, count, err);

    db_rows_free(rows);
    return ok;
}

/* How many of the first people fit. */
static size_t fitting(Porter__V1__EvacuationPerson *const *people, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        bytes += FIELD_BYTES_MAX +
                 protobuf_c_message_get_packed_size(&people[i]->base);
        if (bytes > EVACUATION_ROSTER_BYTES_MAX) {
            return i;
        }
    }
    return count;
}

/* As many of the roster as the evacuation itself may hold. */
static bool roster_read(struct db *db, const struct evacuation_key *key,
                        Porter__V1__Evacuation *e, struct arena *arena,
                        struct err *err)
{
    struct db_rows *rows = NULL;
    Porter__V1__EvacuationPerson **people = NULL;
    size_t count = 0;
    bool ok = db_run(db, &sql_evacuation_roster,
                     ARGS(ARG_UUID(key->org_id), ARG_UUID(key->id),
                          ARG_INT(ROSTER_ROWS_MAX)),
                     &rows, err) &&
              people_of(rows, arena, &people, &count, err);

    db_rows_free(rows);
    if (ok) {
        e->on_site = people;
        e->n_on_site = fitting(people, count);
    }
    return ok;
}

bool evacuation_find(struct db *db, const struct evacuation_key *key,
                     struct arena *arena, Porter__V1__Evacuation **out,
                     struct err *err)
{
    ProtobufCMessage *m = NULL;
    Porter__V1__Evacuation *e = NULL;

    if (!look_up(db, &find_whole, key, arena, &m, err)) {
        return false;
    }
    e = (Porter__V1__Evacuation *)(void *)m;
    if (!roster_read(db, key, e, arena, err)) {
        return false;
    }
    *out = e;
    return true;
}

/* --- activate, end ------------------------------------------------------- */

static bool add_event(struct db *db, const struct cause *cause,
                      enum event_type type, Porter__V1__Evacuation *e,
                      struct arena *arena, struct err *err)
{
    const struct id id = row_id(ID_EVACUATION, e->id);
    const int64_t at_us = row_time(e->updated_at).value.number;
    const Porter__V1__Event *event =
        event_new(type, cause, &e->base, at_us, arena);
    struct buf payload = BUF_EMPTY;
    bool ok = false;

    message_pack(&event->base, &payload);
    ok = db_run(db, &sql_evacuation_event,
                ARGS(ARG_UUID(cause->org_id),
                     ARG_UUID(row_id(ID_EVENT, event->id)),
                     ARG_TEXT(str_of(event->type)), ARG_TEXT(str_of(e->id)),
                     ARG_BYTES(buf_str(&payload)), ARG_TEXT(cause->request_id),
                     ARG_TIME(at_us), ARG_INT(event_shard(id)),
                     ARG_TEXT(cause->traceparent)),
                NULL, err);
    buf_free(&payload);
    return ok;
}

static bool insert(struct db *db, const struct evacuation_key *key,
                   Porter__V1__Evacuation *e, enum evacuation_outcome *outcome,
                   struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok = db_run(db, &sql_evacuation_insert,
                     ARGS(ARG_UUID(key->org_id), ARG_UUID(key->id),
                          ARG_UUID(row_id(ID_LOCATION, e->location_id)),
                          row_text(e->reason), ARG_BOOL(e->drill),
                          row_time(e->activated_at), row_text(e->activated_by)),
                     &rows, err);

    if (ok) {
        *outcome = !db_bool(rows, 0, 0)   ? EVACUATION_NO_LOCATION
                   : !db_bool(rows, 0, 1) ? EVACUATION_IS_ACTIVE
                                          : EVACUATION_ACTIVATED;
        e->on_site_count = (int32_t)db_int(rows, 0, 2);
    }
    db_rows_free(rows);
    return ok;
}

bool evacuation_activate(struct db *db, const struct cause *cause,
                         Porter__V1__Evacuation *e, struct arena *arena,
                         enum evacuation_outcome *outcome, struct err *err)
{
    const struct evacuation_key key = {cause->org_id,
                                       row_id(ID_EVACUATION, e->id)};
    enum evacuation_outcome what = EVACUATION_NO_LOCATION;
    struct tx *tx = NULL;
    bool ok = false;

    assert(e->activated_at != NULL);
    e->status = PORTER__V1__EVACUATION_STATUS__EVACUATION_STATUS_ACTIVE;
    e->updated_at = e->activated_at;
    ok = tx_begin(db, &tx, err) && insert(tx_db(tx), &key, e, &what, err);
    if (ok && what == EVACUATION_ACTIVATED) {
        ok = roster_read(tx_db(tx), &key, e, arena, err) &&
             add_event(tx_db(tx), cause, EVENT_EVACUATION_ACTIVATED, e, arena,
                       err) &&
             tx_commit(tx, err);
    }
    tx_end(tx);
    if (ok) {
        *outcome = what;
    }
    return ok;
}

bool evacuation_end(struct db *db, const struct cause *cause,
                    const struct evacuation_ending *ending, struct arena *arena,
                    Porter__V1__Evacuation **out, struct err *err)
{
    Porter__V1__Evacuation *e = NULL;

    if (!db_run(db, &sql_evacuation_end,
                ARGS(ARG_UUID(ending->key.org_id), ARG_UUID(ending->key.id),
                     ARG_TIME(ending->at_us), ARG_TEXT(ending->by)),
                NULL, err) ||
        !evacuation_find(db, &ending->key, arena, &e, err) ||
        !add_event(db, cause, EVENT_EVACUATION_ENDED, e, arena, err)) {
        return false;
    }
    *out = e;
    return true;
}

/* --- the roll-call ------------------------------------------------------- */

bool evacuation_strangers(struct db *db, const struct evacuation_marks *marks,
                          struct arena *arena, size_t **places, size_t *count,
                          struct err *err)
{
    struct db_rows *rows = NULL;
    size_t *list = NULL;

    if (!db_run(db, &sql_evacuation_strangers,
                ARGS(ARG_UUID(marks->key.org_id), ARG_UUID(marks->key.id),
                     ARG_UUIDS(marks->people, marks->count)),
                &rows, err)) {
        return false;
    }
    list = arena_zero(arena, db_count(rows) + 1, sizeof *list);
    for (size_t i = 0; i < db_count(rows); i++) {
        list[i] = (size_t)db_int(rows, i, 0);
    }
    *places = list;
    *count = db_count(rows);
    db_rows_free(rows);
    return true;
}

bool evacuation_mark(struct db *db, const struct evacuation_marks *marks,
                     struct arena *arena, struct evacuation_marked *marked,
                     struct err *err)
{
    const struct id *missing = marks->people + marks->found_count;
    struct db_rows *rows = NULL;

    assert(marks->found_count <= marks->count);
    if (!db_run(db, &sql_evacuation_mark,
                ARGS(ARG_UUID(marks->key.org_id), ARG_UUID(marks->key.id),
                     ARG_UUIDS(marks->people, marks->found_count),
                     ARG_UUIDS(missing, marks->count - marks->found_count),
                     ARG_TIME(marks->at_us), ARG_TEXT(marks->by)),
                &rows, err)) {
        return false;
    }
    *marked = (struct evacuation_marked){0};
    if (db_count(rows) > 0) {
        marked->found_count = db_uuids(rows, 0, 0, arena, &marked->found);
        marked->missing_count = db_uuids(rows, 0, 1, arena, &marked->missing);
    }
    db_rows_free(rows);
    return true;
}

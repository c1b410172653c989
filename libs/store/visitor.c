/* Visitors: rows <-> messages; a change and its event in one statement. */
#include "store/visitor.h"

#include "message/message.h"
#include "row.h"
#include "store_sql.h"

#include <assert.h>

static bool insert_row(struct db *db, const struct cause *cause,
                       const Porter__V1__Visitor *v,
                       const Porter__V1__Event *event, struct str metadata,
                       struct str payload, struct db_rows **rows,
                       struct err *err)
{
    const struct id id = row_id(ID_VISITOR, v->id);
    const char *host = v->host == NULL ? NULL : v->host->name;
    const char *host_email = v->host == NULL ? NULL : v->host->email;

    return db_run(
        db, &sql_visitor_insert,
        ARGS(ARG_UUID(cause->org_id), ARG_UUID(id),
             ARG_UUID(row_id(ID_LOCATION, v->location_id)),
             row_text(v->first_name), row_text(v->last_name),
             ARG_TEXT(str_of(v->full_name)), row_text(v->email),
             row_text(v->phone), row_text(v->company),
             row_text(v->visitor_type), row_text(host), row_text(host_email),
             row_text(v->purpose), row_time(v->expected_at),
             row_time(v->expected_until), row_text(v->badge_number),
             row_text(v->vehicle_plate), row_text(v->notes), ARG_JSON(metadata),
             row_time(v->created_at), ARG_UUID(row_id(ID_EVENT, event->id)),
             ARG_TEXT(str_of(v->id)), ARG_BYTES(payload),
             ARG_TEXT(cause->request_id), ARG_INT(event_shard(id)),
             ARG_TEXT(cause->traceparent)),
        rows, err);
}

bool visitor_insert(struct db *db, const struct cause *cause,
                    const Porter__V1__Visitor *visitor, struct arena *arena,
                    struct outbox_row *sent, struct err *err)
{
    /* The event borrows the visitor and is only read. */
    Porter__V1__Visitor *v = (Porter__V1__Visitor *)visitor;
    struct buf metadata = BUF_EMPTY;
    struct buf payload = BUF_EMPTY;
    struct db_rows *rows = NULL;
    Porter__V1__Event *event = NULL;
    bool ok = false;

    assert(v->status == PORTER__V1__VISITOR_STATUS__VISITOR_STATUS_EXPECTED);
    assert(v->full_name[0] != '\0' && v->created_at != NULL);
    event = event_new(EVENT_VISITOR_PRE_REGISTERED, cause, &v->base,
                      row_time(v->created_at).value.number, arena);
    message_pack(&event->base, &payload);
    (void)row_map((ProtobufCMessage *const *)(void *)v->metadata, v->n_metadata,
                  &metadata);
    ok = insert_row(db, cause, v, event, buf_str(&metadata), buf_str(&payload),
                    &rows, err);
    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_INVALID, "the organization has no location %s",
                     v->location_id);
    }
    if (ok) {
        *sent = outbox_row_of(event, cause, arena_str(arena, buf_str(&payload)),
                              arena);
        sent->seq = db_int(rows, 0, 0);
        sent->webhooks_version = db_int(rows, 0, 1);
    }
    db_rows_free(rows);
    buf_free(&payload);
    buf_free(&metadata);
    return ok;
}

static bool update_row(struct db *db, const struct cause *cause,
                       const struct visitor_change *change,
                       const Porter__V1__Event *event, struct str payload,
                       struct db_rows **rows, struct err *err)
{
    const Porter__V1__Visitor *v = change->visitor;
    const struct id id = row_id(ID_VISITOR, v->id);
    struct str status = message_enum_word(
        &porter__v1__visitor_status__descriptor, (int)v->status);

    return db_run(
        db, &sql_visitor_change,
        ARGS(ARG_UUID(cause->org_id), ARG_UUID(id), ARG_TIME(change->seen_us),
             ARG_UUID(row_id(ID_LOCATION, v->location_id)), ARG_TEXT(status),
             row_time(v->checked_in_at), row_time(v->checked_out_at),
             row_text(v->badge_number), row_text(v->vehicle_plate),
             row_text(v->notes), row_time(v->updated_at),
             ARG_UUID(row_id(ID_EVENT, event->id)),
             ARG_TEXT(str_of(event->type)), ARG_TEXT(str_of(v->id)),
             ARG_BYTES(payload), ARG_TEXT(cause->request_id),
             ARG_INT(event_shard(id)), ARG_TEXT(cause->traceparent)),
        rows, err);
}

bool visitor_change(struct db *db, const struct cause *cause,
                    const struct visitor_change *change, struct arena *arena,
                    bool *changed, struct err *err)
{
    /* The event borrows the visitor and is only read. */
    Porter__V1__Visitor *v = (Porter__V1__Visitor *)change->visitor;
    struct buf payload = BUF_EMPTY;
    struct db_rows *rows = NULL;
    Porter__V1__Event *event = NULL;
    bool ok = false;

    assert(row_time(v->updated_at).value.number > change->seen_us);
    event = event_new(change->type, cause, &v->base,
                      row_time(v->updated_at).value.number, arena);
    message_pack(&event->base, &payload);
    ok = update_row(db, cause, change, event, buf_str(&payload), &rows, err);
    if (ok) {
        *changed = db_changed(rows) > 0;
    }
    db_rows_free(rows);
    buf_free(&payload);
    return ok;
}

bool visitor_find(struct db *db, struct id org_id, struct id id,
                  struct arena *arena, Porter__V1__Visitor **out,
                  struct err *err)
{
    struct db_rows *rows = NULL;
    ProtobufCMessage *m = NULL;
    bool ok = db_run(db, &sql_visitor_find,
                     ARGS(ARG_UUID(org_id), ARG_UUID(id)), &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "no visitor %s",
                     id_text(ID_VISITOR, id).data);
    }
    ok = ok &&
         row_message(rows, 0, &porter__v1__visitor__descriptor, arena, &m, err);
    if (ok) {
        *out = (Porter__V1__Visitor *)(void *)m;
    }
    db_rows_free(rows);
    return ok;
}

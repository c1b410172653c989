/* Contractors: rows <-> messages; a change and its event in one statement. */
#include "store/contractor.h"

#include "row.h"
#include "status.h"
#include "message/message.h"
#include "store/compliance.h"
#include "store_sql.h"

#include <assert.h>
#include <stdlib.h>

#define SKEW_S 300 /* A caller's clock may be ahead. */

/* clang-format off */
static const struct rule new_rows[] = {
    {.path = "company", .format = RULE_LINE, .required = true, .min = 1, .max = 200},
    {.path = "contact.name", .format = RULE_LINE, .min = 1, .max = 200},
    {.path = "contact.email", .format = RULE_EMAIL, .min = 1, .max = 254},
    {.path = "contact.phone", .format = RULE_PHONE, .min = 1, .max = 16},
    {.path = "trade", .format = RULE_LINE, .min = 1, .max = 120},
    {.path = "location_ids", .format = RULE_ID, .min = 0, .max = CONTRACTOR_LOCATIONS_MAX, .id_kind = ID_LOCATION},
    {.path = "insurance_expires_at", .format = RULE_TIME, .min = -CONTRACTOR_SPAN_S, .max = CONTRACTOR_SPAN_S},
    {.path = "induction_completed_at", .format = RULE_TIME, .min = -CONTRACTOR_SPAN_S, .max = SKEW_S},
    {.path = "metadata", .format = RULE_MAP, .min = 0, .max = 20},
};
/* clang-format on */

const struct rule_table *contractor_rules(void)
{
    static const struct rule_table table = {&porter__v1__contractor__descriptor,
                                            new_rows, COUNT_OF(new_rows)};

    return &table;
}

bool contractor_list(struct db *db, struct id org_id,
                     const struct contractor_filter *f, size_t max,
                     int64_t now_us, struct arena *arena,
                     Porter__V1__Contractor ***list, size_t *count,
                     struct err *err)
{
    struct str words[STATUS_WORDS_MAX];
    size_t word_count = status_words(&porter__v1__contractor_status__descriptor,
                                     f->statuses, words);
    struct db_rows *rows = NULL;
    ProtobufCMessage **all = NULL;
    bool ok = db_run(db, &sql_contractor_list,
                     ARGS(ARG_UUID(org_id), ARG_TEXTS(words, word_count),
                          ARG_UUID_OR_NULL(f->location_id), ARG_TEXT(f->search),
                          ARG_TEXT(f->company), ARG_TIME(f->expires_before_us),
                          ARG_TIME(now_us), ARG_TIME(f->after_created_us),
                          ARG_UUID_OR_NULL(f->after_id), ARG_INT((int64_t)max)),
                     &rows, err) &&
              row_messages(rows, &porter__v1__contractor__descriptor, arena,
                           &all, count, err);

    if (ok) {
        *list = (Porter__V1__Contractor **)(void *)all;
        for (size_t i = 0; i < *count; i++) {
            contractor_assess((*list)[i], now_us, arena);
        }
    }
    db_rows_free(rows);
    return ok;
}

bool contractor_find(struct db *db, struct id org_id, struct id id,
                     int64_t now_us, struct arena *arena,
                     Porter__V1__Contractor **out, struct err *err)
{
    struct db_rows *rows = NULL;
    ProtobufCMessage *m = NULL;
    bool ok = db_run(db, &sql_contractor_find,
                     ARGS(ARG_UUID(org_id), ARG_UUID(id)), &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "no contractor %s",
                     id_text(ID_CONTRACTOR, id).data);
    }
    ok = ok && row_message(rows, 0, &porter__v1__contractor__descriptor, arena,
                           &m, err);
    if (ok) {
        *out = (Porter__V1__Contractor *)(void *)m;
        contractor_assess(*out, now_us, arena);
    }
    db_rows_free(rows);
    return ok;
}

static const Porter__V1__ContractorContact *
contact_of(const Porter__V1__Contractor *c)
{
    static const Porter__V1__ContractorContact none =
        PORTER__V1__CONTRACTOR_CONTACT__INIT;

    return c->contact == NULL ? &none : c->contact;
}

static struct db_arg status_arg(const Porter__V1__Contractor *c)
{
    return ARG_TEXT(message_enum_word(
        &porter__v1__contractor_status__descriptor, (int)c->status));
}

/* The caller frees them. */
static struct id *place_ids(const Porter__V1__Contractor *c)
{
    struct id *places = mem_zero(c->n_location_ids, sizeof(*places));

    for (size_t i = 0; i < c->n_location_ids; i++) {
        places[i] = row_id(ID_LOCATION, c->location_ids[i]);
    }
    return places;
}

static struct db_arg map_arg(const Porter__V1__Contractor *c, struct buf *out)
{
    return row_map((ProtobufCMessage *const *)(void *)c->metadata,
                   c->n_metadata, out);
}

bool contractor_insert(struct db *db, struct id org_id,
                       const Porter__V1__Contractor *c, struct err *err)
{
    const Porter__V1__ContractorContact *contact = contact_of(c);
    struct id *places = place_ids(c);
    struct buf map = BUF_EMPTY;
    bool ok = false;

    assert(c->created_at != NULL && c->updated_at != NULL);
    ok = db_run(db, &sql_contractor_insert,
                ARGS(ARG_UUID(org_id), ARG_UUID(row_id(ID_CONTRACTOR, c->id)),
                     status_arg(c), ARG_TEXT(str_of(c->company)),
                     row_text(contact->name), row_text(contact->email),
                     row_text(contact->phone), row_text(c->trade),
                     ARG_UUIDS(places, c->n_location_ids),
                     row_time(c->insurance_expires_at),
                     row_time(c->induction_completed_at),
                     row_time(c->approved_at), row_text(c->approved_by),
                     row_time(c->valid_until), map_arg(c, &map),
                     row_time(c->created_at), row_time(c->updated_at)),
                NULL, err);
    buf_free(&map);
    free(places);
    return ok;
}

/* --- changes with their events ------------------------------------------- */

static Porter__V1__Event *event_of(const struct cause *cause,
                                   enum event_type type,
                                   Porter__V1__Contractor *c,
                                   struct arena *arena, struct buf *payload)
{
    int64_t at_us = row_time(c->updated_at).value.number;
    Porter__V1__Event *event = NULL;

    contractor_assess(c, at_us, arena);
    event = event_new(type, cause, &c->base, at_us, arena);
    message_pack(&event->base, payload);
    return event;
}

bool contractor_add(struct db *db, const struct cause *cause,
                    Porter__V1__Contractor *c, struct arena *arena,
                    struct err *err)
{
    const Porter__V1__ContractorContact *contact = contact_of(c);
    const struct id id = row_id(ID_CONTRACTOR, c->id);
    struct id *places = place_ids(c);
    struct buf map = BUF_EMPTY;
    struct buf payload = BUF_EMPTY;
    const Porter__V1__Event *event =
        event_of(cause, EVENT_CONTRACTOR_CREATED, c, arena, &payload);
    bool ok = db_run(
        db, &sql_contractor_add,
        ARGS(ARG_UUID(cause->org_id), ARG_UUID(id),
             ARG_TEXT(str_of(c->company)), row_text(contact->name),
             row_text(contact->email), row_text(contact->phone),
             row_text(c->trade), ARG_UUIDS(places, c->n_location_ids),
             row_time(c->insurance_expires_at),
             row_time(c->induction_completed_at), map_arg(c, &map),
             row_time(c->updated_at), ARG_UUID(row_id(ID_EVENT, event->id)),
             ARG_TEXT(str_of(event->type)), ARG_TEXT(str_of(c->id)),
             ARG_BYTES(buf_str(&payload)), ARG_TEXT(cause->request_id),
             ARG_INT(event_shard(id)), ARG_TEXT(cause->traceparent)),
        NULL, err);

    buf_free(&payload);
    buf_free(&map);
    free(places);
    return ok;
}

bool contractor_change(struct db *db, const struct cause *cause,
                       const struct contractor_change *change,
                       struct arena *arena, bool *changed, struct err *err)
{
    Porter__V1__Contractor *c = change->contractor;
    const struct id id = row_id(ID_CONTRACTOR, c->id);
    const struct db_arg status = status_arg(c);
    struct db_rows *rows = NULL;
    struct buf payload = BUF_EMPTY;
    const Porter__V1__Event *event =
        event_of(cause, change->type, c, arena, &payload);
    bool ok = db_run(
        db, &sql_contractor_change,
        ARGS(ARG_UUID(cause->org_id), ARG_UUID(id), ARG_TIME(change->seen_us),
             status, row_time(c->approved_at), row_text(c->approved_by),
             row_time(c->rejected_at), row_text(c->rejected_by),
             row_text(c->reason), row_time(c->valid_until),
             row_time(c->updated_at), ARG_UUID(row_id(ID_EVENT, event->id)),
             ARG_TEXT(str_of(event->type)), ARG_TEXT(str_of(c->id)),
             ARG_BYTES(buf_str(&payload)), ARG_TEXT(cause->request_id),
             ARG_INT(event_shard(id)), ARG_TEXT(cause->traceparent)),
        &rows, err);

    if (ok) {
        *changed = db_changed(rows) > 0;
    }
    db_rows_free(rows);
    buf_free(&payload);
    return ok;
}

/* Contractors: rows -> messages. */
#include "store/contractor.h"

#include "row.h"
#include "status.h"
#include "message/message.h"
#include "store_sql.h"

#include <assert.h>
#include <stdlib.h>

bool contractor_list(struct db *db, struct id org_id,
                     const struct contractor_filter *f, size_t max,
                     struct arena *arena, Porter__V1__Contractor ***list,
                     size_t *count, struct err *err)
{
    struct str words[STATUS_WORDS_MAX];
    size_t word_count = status_words(&porter__v1__contractor_status__descriptor,
                                     f->statuses, words);
    struct db_rows *rows = NULL;
    ProtobufCMessage **all = NULL;
    bool ok =
        db_run(db, &sql_contractor_list,
               ARGS(ARG_UUID(org_id),
                    f->statuses == 0 ? ARG_NULL : ARG_TEXTS(words, word_count),
                    ARG_UUID_OR_NULL(f->location_id), ARG_TEXT(f->search),
                    ARG_TEXT(f->company), ARG_TIME(f->after_created_us),
                    ARG_UUID_OR_NULL(f->after_id), ARG_INT((int64_t)max)),
               &rows, err) &&
        row_messages(rows, &porter__v1__contractor__descriptor, arena, &all,
                     count, err);

    if (ok) {
        *list = (Porter__V1__Contractor **)(void *)all;
    }
    db_rows_free(rows);
    return ok;
}

bool contractor_find(struct db *db, struct id org_id, struct id id,
                     struct arena *arena, Porter__V1__Contractor **out,
                     struct err *err)
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
    }
    db_rows_free(rows);
    return ok;
}

bool contractor_insert(struct db *db, struct id org_id,
                       const Porter__V1__Contractor *c, struct err *err)
{
    static const Porter__V1__ContractorContact none =
        PORTER__V1__CONTRACTOR_CONTACT__INIT;
    const Porter__V1__ContractorContact *contact =
        c->contact == NULL ? &none : c->contact;
    struct id *places = mem_zero(c->n_location_ids, sizeof(*places));
    struct buf map = BUF_EMPTY;
    bool ok = false;

    assert(c->created_at != NULL && c->updated_at != NULL);
    for (size_t i = 0; i < c->n_location_ids; i++) {
        places[i] = row_id(ID_LOCATION, c->location_ids[i]);
    }
    ok = db_run(
        db, &sql_contractor_insert,
        ARGS(ARG_UUID(org_id), ARG_UUID(row_id(ID_CONTRACTOR, c->id)),
             ARG_TEXT(message_enum_word(
                 &porter__v1__contractor_status__descriptor, (int)c->status)),
             ARG_TEXT(str_of(c->company)), row_text(contact->name),
             row_text(contact->email), row_text(contact->phone),
             row_text(c->trade), ARG_UUIDS(places, c->n_location_ids),
             row_time(c->insurance_expires_at),
             row_time(c->induction_completed_at), row_time(c->approved_at),
             row_text(c->approved_by), row_time(c->valid_until),
             row_map((ProtobufCMessage *const *)(void *)c->metadata,
                     c->n_metadata, &map),
             row_time(c->created_at), row_time(c->updated_at)),
        NULL, err);
    buf_free(&map);
    free(places);
    return ok;
}

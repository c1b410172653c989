/* Locations: rows -> messages. */
#include "store/location.h"

#include "row.h"
#include "store_sql.h"

#include <assert.h>

/* clang-format off */
static const struct rule new_rows[] = {
    {.path = "name", .format = RULE_LINE, .required = true, .min = 1, .max = 200},
    {.path = "timezone", .format = RULE_LINE, .required = true, .min = 1, .max = LOCATION_TIMEZONE_MAX},
    {.path = "address.line1", .format = RULE_LINE, .min = 1, .max = 200},
    {.path = "address.line2", .format = RULE_LINE, .min = 1, .max = 200},
    {.path = "address.city", .format = RULE_LINE, .min = 1, .max = 200},
    {.path = "address.region", .format = RULE_LINE, .min = 1, .max = 200},
    {.path = "address.postal_code", .format = RULE_LINE, .min = 1, .max = 20},
    {.path = "address.country", .format = RULE_COUNTRY},
    {.path = "capacity", .format = RULE_PLAIN, .min = 1, .max = 1000000},
};
/* clang-format on */

const struct rule_table *location_rules(void)
{
    static const struct rule_table table = {&porter__v1__location__descriptor,
                                            new_rows, COUNT_OF(new_rows)};

    return &table;
}

bool location_list(struct db *db, struct id org_id,
                   const struct location_filter *f, size_t max,
                   struct arena *arena, Porter__V1__Location ***list,
                   size_t *count, struct err *err)
{
    struct db_rows *rows = NULL;
    ProtobufCMessage **all = NULL;
    bool ok = db_run(db, &sql_location_list,
                     ARGS(ARG_UUID(org_id), ARG_TEXT(f->after_name),
                          ARG_UUID_OR_NULL(f->after_id), ARG_INT((int64_t)max),
                          ARG_TEXT(f->search)),
                     &rows, err) &&
              row_messages(rows, &porter__v1__location__descriptor, arena, &all,
                           count, err);

    if (ok) {
        *list = (Porter__V1__Location **)(void *)all;
    }
    db_rows_free(rows);
    return ok;
}

bool location_find(struct db *db, struct id org_id, struct id id,
                   struct arena *arena, Porter__V1__Location **out,
                   struct err *err)
{
    struct db_rows *rows = NULL;
    ProtobufCMessage *m = NULL;
    bool ok = db_run(db, &sql_location_find,
                     ARGS(ARG_UUID(org_id), ARG_UUID(id)), &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "no location %s",
                     id_text(ID_LOCATION, id).data);
    }
    ok = ok && row_message(rows, 0, &porter__v1__location__descriptor, arena,
                           &m, err);
    if (ok) {
        *out = (Porter__V1__Location *)(void *)m;
    }
    db_rows_free(rows);
    return ok;
}

bool location_only(struct db *db, struct id org_id, bool *found, struct id *id,
                   struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_location_only, ARGS(ARG_UUID(org_id)), &rows, err)) {
        return false;
    }
    *found = db_count(rows) == 1;
    if (*found) {
        *id = db_uuid(rows, 0, 0);
    }
    db_rows_free(rows);
    return true;
}

bool location_missing(struct db *db, struct id org_id, const struct id *ids,
                      size_t count, struct arena *arena, size_t **missing,
                      size_t *missing_count, struct err *err)
{
    struct db_rows *rows = NULL;
    size_t *places = NULL;

    if (!db_run(db, &sql_location_missing,
                ARGS(ARG_UUID(org_id), ARG_UUIDS(ids, count)), &rows, err)) {
        return false;
    }
    *missing_count = db_count(rows);
    places = arena_take(arena, (*missing_count + 1) * sizeof(*places));
    for (size_t i = 0; i < *missing_count; i++) {
        places[i] = (size_t)db_int(rows, i, 0);
    }
    *missing = places;
    db_rows_free(rows);
    return true;
}

bool timezone_known(struct db *db, struct str name, bool *known,
                    struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_timezone_known, ARGS(ARG_TEXT(name)), &rows, err)) {
        return false;
    }
    *known = db_count(rows) > 0;
    db_rows_free(rows);
    return true;
}

bool location_insert(struct db *db, struct id org_id,
                     const Porter__V1__Location *l, struct err *err)
{
    static const Porter__V1__Address none = PORTER__V1__ADDRESS__INIT;
    const Porter__V1__Address *a = l->address == NULL ? &none : l->address;

    assert(l->created_at != NULL);
    return db_run(
        db, &sql_location_insert,
        ARGS(ARG_UUID(org_id), ARG_UUID(row_id(ID_LOCATION, l->id)),
             ARG_TEXT(str_of(l->name)), ARG_TEXT(str_of(l->timezone)),
             row_text(a->line1), row_text(a->line2), row_text(a->city),
             row_text(a->region), row_text(a->postal_code),
             row_text(a->country),
             l->capacity == NULL ? ARG_NULL : ARG_INT(l->capacity->value),
             row_time(l->created_at)),
        NULL, err);
}

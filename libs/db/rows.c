/* Binary results, column by column. A column of another type than the getter's
 * is a programmer's error: an assert, not an err. */
#include "db/rows.h"

#include "db/oid.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

struct db_rows {
    PGresult *result;
};

struct db_rows *rows_of(PGresult *result)
{
    struct db_rows *rows = mem_new(sizeof *rows);

    rows->result = result;
    return rows;
}

void db_rows_free(struct db_rows *rows)
{
    if (rows != NULL) {
        PQclear(rows->result);
        free(rows);
    }
}

size_t db_count(const struct db_rows *rows)
{
    return (size_t)PQntuples(rows->result);
}

int64_t db_changed(const struct db_rows *rows)
{
    return (int64_t)strtoll(PQcmdTuples(rows->result), NULL, 10);
}

/* --- one value ----------------------------------------------------------- */

bool db_is_null(const struct db_rows *rows, size_t row, size_t column)
{
    assert(row < db_count(rows) && column < db_columns(rows));
    return PQgetisnull(rows->result, (int)row, (int)column) != 0;
}

static Oid type_of(const struct db_rows *rows, size_t column)
{
    assert(column < db_columns(rows));
    return PQftype(rows->result, (int)column);
}

/* The bytes; data NULL: SQL NULL. */
static struct str raw(const struct db_rows *rows, size_t row, size_t column)
{
    if (db_is_null(rows, row, column)) {
        return STR_NONE;
    }
    return (struct str){
        PQgetvalue(rows->result, (int)row, (int)column),
        (size_t)PQgetlength(rows->result, (int)row, (int)column)};
}

static uint32_t read_u32(const char *at)
{
    uint32_t n = 0;

    memcpy(&n, at, sizeof n);
    return be32toh(n);
}

static int64_t read_int(struct str bytes)
{
    uint16_t two = 0;
    uint64_t eight = 0;

    if (bytes.len == sizeof two) {
        memcpy(&two, bytes.data, sizeof two);
        return (int16_t)be16toh(two);
    }
    if (bytes.len == sizeof(uint32_t)) {
        return (int32_t)read_u32(bytes.data);
    }
    assert(bytes.len == sizeof eight);
    memcpy(&eight, bytes.data, sizeof eight);
    return (int64_t)be64toh(eight);
}

struct str db_text(const struct db_rows *rows, size_t row, size_t column)
{
    const enum db_column_type type = db_column_type(rows, column);
    struct str s = raw(rows, row, column);

    assert(type == DB_COLUMN_TEXT || type == DB_COLUMN_JSON);
    if (s.data != NULL && type_of(rows, column) == OID_JSONB) {
        return (struct str){s.data + 1, s.len - 1}; /* the version */
    }
    return s;
}

struct str db_bytes(const struct db_rows *rows, size_t row, size_t column)
{
    assert(db_column_type(rows, column) == DB_COLUMN_BYTES);
    return raw(rows, row, column);
}

int64_t db_int(const struct db_rows *rows, size_t row, size_t column)
{
    const struct str bytes = raw(rows, row, column);

    assert(db_column_type(rows, column) == DB_COLUMN_INT);
    return bytes.data == NULL ? 0 : read_int(bytes);
}

bool db_bool(const struct db_rows *rows, size_t row, size_t column)
{
    const struct str bytes = raw(rows, row, column);

    assert(db_column_type(rows, column) == DB_COLUMN_BOOL);
    return bytes.data != NULL && bytes.data[0] != 0;
}

struct id db_uuid(const struct db_rows *rows, size_t row, size_t column)
{
    const struct str bytes = raw(rows, row, column);
    struct id id = {{0}};

    assert(db_column_type(rows, column) == DB_COLUMN_UUID);
    if (bytes.data != NULL) {
        assert(bytes.len == sizeof id.bytes);
        memcpy(id.bytes, bytes.data, sizeof id.bytes);
    }
    return id;
}

int64_t db_time(const struct db_rows *rows, size_t row, size_t column)
{
    const struct str bytes = raw(rows, row, column);
    int64_t n = 0;

    assert(db_column_type(rows, column) == DB_COLUMN_TIME);
    if (bytes.data == NULL) {
        return DB_TIME_NULL;
    }
    n = read_int(bytes);
    if (type_of(rows, column) == OID_DATE) {
        return (n + PG_EPOCH_DAYS) * US_PER_DAY;
    }
    /* "infinity" is the last of times. */
    return n > INT64_MAX - PG_EPOCH_US ? INT64_MAX : n + PG_EPOCH_US;
}

/* --- arrays -------------------------------------------------------------- */

#define ARRAY_HEAD 12 /* dimensions, has-null flag, element type */
#define ARRAY_ROOM 20 /* the same, with the one dimension's size and start */

/* The elements of a one-dimensional array. */
struct elements {
    struct str rest;
    size_t count;
};

static struct elements elements_of(struct str bytes)
{
    if (bytes.data == NULL || read_u32(bytes.data) == 0) {
        return (struct elements){STR_NONE, 0};
    }
    assert(bytes.len >= ARRAY_ROOM && read_u32(bytes.data) == 1);
    return (struct elements){{bytes.data + ARRAY_ROOM, bytes.len - ARRAY_ROOM},
                             read_u32(bytes.data + ARRAY_HEAD)};
}

/* data NULL: a NULL element. */
static struct str element_take(struct elements *e)
{
    struct str one = STR_NONE;
    int32_t len = 0;

    assert(e->rest.len >= sizeof len);
    len = (int32_t)read_u32(e->rest.data);
    e->rest.data += sizeof len;
    e->rest.len -= sizeof len;
    if (len >= 0) {
        assert(e->rest.len >= (size_t)len);
        one = (struct str){e->rest.data, (size_t)len};
        e->rest.data += len;
        e->rest.len -= (size_t)len;
    }
    return one;
}

size_t db_uuids(const struct db_rows *rows, size_t row, size_t column,
                struct arena *a, struct id **out)
{
    struct elements e = elements_of(raw(rows, row, column));
    const size_t count = e.count;

    assert(db_column_type(rows, column) == DB_COLUMN_UUIDS);
    *out = arena_zero(a, count, sizeof **out);
    for (size_t i = 0; i < count; i++) {
        const struct str one = element_take(&e);

        if (one.len == sizeof(*out)[i].bytes) {
            memcpy((*out)[i].bytes, one.data, one.len);
        }
    }
    return count;
}

size_t db_texts(const struct db_rows *rows, size_t row, size_t column,
                struct arena *a, struct str **out)
{
    struct elements e = elements_of(raw(rows, row, column));
    const size_t count = e.count;

    assert(db_column_type(rows, column) == DB_COLUMN_TEXTS);
    *out = arena_zero(a, count, sizeof **out);
    for (size_t i = 0; i < count; i++) {
        const struct str one = element_take(&e);

        (*out)[i] = one.data == NULL ? STR_NONE : arena_str(a, one);
    }
    return count;
}

/* --- columns ------------------------------------------------------------- */

size_t db_columns(const struct db_rows *rows)
{
    return (size_t)PQnfields(rows->result);
}

const char *db_column_name(const struct db_rows *rows, size_t column)
{
    assert(column < db_columns(rows));
    return PQfname(rows->result, (int)column);
}

enum db_column_type db_column_type(const struct db_rows *rows, size_t column)
{
    switch (type_of(rows, column)) {
    case OID_BYTEA:
        return DB_COLUMN_BYTES;
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
        return DB_COLUMN_INT;
    case OID_BOOL:
        return DB_COLUMN_BOOL;
    case OID_UUID:
        return DB_COLUMN_UUID;
    case OID_DATE:
    case OID_TIMESTAMP:
    case OID_TIMESTAMPTZ:
        return DB_COLUMN_TIME;
    case OID_JSON:
    case OID_JSONB:
        return DB_COLUMN_JSON;
    case OID_UUID_ARRAY:
        return DB_COLUMN_UUIDS;
    case OID_TEXT_ARRAY:
    case OID_VARCHAR_ARRAY:
        return DB_COLUMN_TEXTS;
    default: /* text and its kin, enums, void */
        return DB_COLUMN_TEXT;
    }
}

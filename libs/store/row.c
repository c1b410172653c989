/* Result rows -> messages, by column name. */
#include "row.h"

#include "base/clock.h"
#include "json/json.h"
#include "message/message.h"

#include <assert.h>

/* "location_id:loc" -> the path and the kind of id. */
static struct str column_path(const char *name, enum id_kind *kind, bool *is_id)
{
    struct str rest = str_of(name);
    struct str path = STR_NONE;

    *is_id = false;
    (void)str_split(&rest, ':', &path);
    if (path.len + 1 >= strlen(name)) {
        return path;
    }
    for (unsigned k = 0; k < ID_KIND_COUNT; k++) {
        if (str_eq(rest, str_of(id_prefix((enum id_kind)k)))) {
            *kind = (enum id_kind)k;
            *is_id = true;
        }
    }
    assert(*is_id); /* The alias names no kind of id: a bug in the SQL. */
    return path;
}

static void ids_json(const struct db_rows *rows, size_t row, size_t column,
                     enum id_kind kind, struct arena *arena, struct buf *out)
{
    struct id *ids = NULL;
    size_t count = db_uuids(rows, row, column, arena, &ids);
    struct json_writer w = json_writer(out);

    json_array_begin(&w);
    for (size_t i = 0; i < count; i++) {
        json_add_text(&w, str_of(id_text(kind, ids[i]).data));
    }
    json_array_end(&w);
}

static void texts_json(const struct db_rows *rows, size_t row, size_t column,
                       struct arena *arena, struct buf *out)
{
    struct str *texts = NULL;
    size_t count = db_texts(rows, row, column, arena, &texts);
    struct json_writer w = json_writer(out);

    json_array_begin(&w);
    for (size_t i = 0; i < count; i++) {
        json_add_text(&w, texts[i]);
    }
    json_array_end(&w);
}

static void set_text(struct message_field f, struct str s, struct arena *arena)
{
    if (f.field->type == PROTOBUF_C_TYPE_ENUM) {
        message_set_enum(f, s);
    } else {
        message_set_text(f, s, arena);
    }
}

static bool set_column(const struct db_rows *rows, size_t row, size_t column,
                       ProtobufCMessage *m, struct arena *arena,
                       struct err *err)
{
    enum id_kind kind = ID_ORGANIZATION;
    bool is_id = false;
    struct str path = column_path(db_column_name(rows, column), &kind, &is_id);
    struct message_field f = message_find(m, path, arena);
    struct buf json = BUF_EMPTY;
    bool ok = true;

    assert(f.field != NULL); /* A column that is no field: a bug in the SQL. */
    switch (db_column_type(rows, column)) {
    case DB_COLUMN_TEXT:
        set_text(f, db_text(rows, row, column), arena);
        break;
    case DB_COLUMN_INT:
        message_set_int(f, db_int(rows, row, column));
        break;
    case DB_COLUMN_BOOL:
        message_set_bool(f, db_bool(rows, row, column));
        break;
    case DB_COLUMN_TIME:
        message_set_time(f, db_time(rows, row, column), arena);
        break;
    case DB_COLUMN_UUID: {
        struct id_text text = id_text(kind, db_uuid(rows, row, column));

        assert(is_id);
        message_set_text(f, str_of(text.data), arena);
        break;
    }
    case DB_COLUMN_JSON:
        ok = message_set_json(f, db_text(rows, row, column), arena, err);
        break;
    case DB_COLUMN_UUIDS:
        assert(is_id);
        ids_json(rows, row, column, kind, arena, &json);
        ok = message_set_json(f, buf_str(&json), arena, err);
        break;
    case DB_COLUMN_TEXTS:
        texts_json(rows, row, column, arena, &json);
        ok = message_set_json(f, buf_str(&json), arena, err);
        break;
    case DB_COLUMN_BYTES:
        assert(false && "no message of ours has a bytes field");
        break;
    }
    buf_free(&json);
    return ok;
}

bool row_message(const struct db_rows *rows, size_t row,
                 const ProtobufCMessageDescriptor *type, struct arena *arena,
                 ProtobufCMessage **out, struct err *err)
{
    ProtobufCMessage *m = message_new(type, arena);

    assert(row < db_count(rows));
    for (size_t column = 0; column < db_columns(rows); column++) {
        if (db_is_null(rows, row, column) ||
            db_column_name(rows, column)[0] == '?') {
            continue;
        }
        if (!set_column(rows, row, column, m, arena, err)) {
            err->code = ERR_INTERNAL;
            return err_wrap(err, "column %s", db_column_name(rows, column));
        }
    }
    *out = m;
    return true;
}

bool row_messages(const struct db_rows *rows,
                  const ProtobufCMessageDescriptor *type, struct arena *arena,
                  ProtobufCMessage ***list, size_t *count, struct err *err)
{
    size_t n = db_count(rows);
    ProtobufCMessage **all = arena_zero(arena, n + 1, sizeof(*all));

    for (size_t i = 0; i < n; i++) {
        if (!row_message(rows, i, type, arena, &all[i], err)) {
            return false;
        }
    }
    *list = all;
    *count = n;
    return true;
}

struct db_arg row_text(const char *text)
{
    return text == NULL || text[0] == '\0' ? ARG_NULL : ARG_TEXT(str_of(text));
}

struct db_arg row_time(const Google__Protobuf__Timestamp *time)
{
    return time == NULL
               ? ARG_NULL
               : ARG_TIME(time->seconds * US_PER_S + time->nanos / 1000);
}

/* A map entry is a message of two text fields: key, value. */
static struct str entry_text(const ProtobufCMessage *entry, unsigned field)
{
    const ProtobufCFieldDescriptor *f = &entry->descriptor->fields[field];
    const char *const *at =
        (const char *const *)(const void *)((const char *)entry + f->offset);

    assert(f->type == PROTOBUF_C_TYPE_STRING);
    return str_of(*at);
}

struct db_arg row_map(ProtobufCMessage *const *entries, size_t count,
                      struct buf *out)
{
    struct json_writer w = json_writer(out);

    if (count == 0) {
        return ARG_NULL;
    }
    json_object_begin(&w);
    for (size_t i = 0; i < count; i++) {
        json_key(&w, entry_text(entries[i], 0));
        json_add_text(&w, entry_text(entries[i], 1));
    }
    json_object_end(&w);
    return ARG_JSON(buf_str(out));
}

struct id row_id(enum id_kind kind, const char *text)
{
    struct id id = {{0}};
    bool ok = id_read(kind, str_of(text), &id);

    assert(ok);
    (void)ok;
    return id;
}

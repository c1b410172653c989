/* JSON -> message, by its descriptor. It goes on after each fault, so that a
 * caller learns of all of them at once. The JSON's depth (json.h) bounds the
 * recursion. */
#include "message/reader.h"

#include "message/kind.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/near.h"
#include "base/rfc3339.h"

#include <assert.h>
#include <float.h>

#include "google/protobuf/timestamp.pb-c.h"

static ProtobufCMessage *read_message(struct reader *r, const struct json *json,
                                      const ProtobufCMessageDescriptor *type,
                                      const struct place *at, struct str prefix,
                                      bool *ok);

static bool check_text(struct reader *r, const struct place *at, struct str s)
{
    if (str_has_control(s, "\n\t")) {
        return fault_add(r->faults, reader_path(r, at), FAULT_BAD_CHARACTER,
                         "must hold no control characters (line feeds and "
                         "tabs only where several lines may be)");
    }
    return true;
}

static bool read_text(struct reader *r, const struct json *json,
                      const struct place *at, void *to)
{
    if (json_type(json) != JSON_TEXT) {
        return reader_wrong_type(r, at, "a string", json);
    }
    if (!check_text(r, at, json_text(json))) {
        return false;
    }
    *(char **)to = arena_cstr(r->arena, json_text(json));
    return true;
}

static bool read_bytes(struct reader *r, const struct json *json,
                       const struct place *at, ProtobufCBinaryData *to)
{
    struct str s;
    size_t max = 0;

    if (json_type(json) != JSON_TEXT) {
        return reader_wrong_type(r, at, "a string of base64", json);
    }
    s = json_text(json);
    max = s.len / 4 * 3 + 3;
    to->data = arena_take(r->arena, max);
    if (!base64_read(s, to->data, max, &to->len)) {
        to->len = 0;
        return fault_add(r->faults, reader_path(r, at), FAULT_BAD_FORMAT,
                         "must be base64");
    }
    return true;
}

/* 3, and 3.0 as JSON Schema has it: beyond 53 bits a real is no whole number
 * any more. */
static bool is_whole(const struct json *json, int64_t *out)
{
    const double limit = 9007199254740992.0;
    double x = 0;

    if (json_type(json) == JSON_INT) {
        *out = json_int(json);
        return true;
    }
    if (json_type(json) != JSON_REAL) {
        return false;
    }
    x = json_double(json);
    if (x < -limit || x > limit || x != (double)(int64_t)x) {
        return false;
    }
    *out = (int64_t)x;
    return true;
}

static bool read_whole(struct reader *r, const struct json *json,
                       const struct place *at, enum kind kind, void *to)
{
    int64_t n = 0;

    if (!is_whole(json, &n)) {
        return reader_wrong_type(r, at, "a whole number", json);
    }
    if (kind == KIND_I32) {
        if (n < INT32_MIN || n > INT32_MAX) {
            return reader_out_of_range(r, at, "from -2147483648 to 2147483647");
        }
        *(int32_t *)to = (int32_t)n;
    } else if (kind == KIND_U32) {
        if (n < 0 || n > UINT32_MAX) {
            return reader_out_of_range(r, at, "from 0 to 4294967295");
        }
        *(uint32_t *)to = (uint32_t)n;
    } else if (kind == KIND_U64) {
        if (n < 0) {
            return reader_out_of_range(r, at, "0 or more");
        }
        *(uint64_t *)to = (uint64_t)n;
    } else {
        *(int64_t *)to = n;
    }
    return true;
}

static bool read_double(struct reader *r, const struct json *json,
                        const struct place *at, enum kind kind, void *to)
{
    double x = 0;

    if (json_type(json) != JSON_INT && json_type(json) != JSON_REAL) {
        return reader_wrong_type(r, at, "a number", json);
    }
    x = json_double(json);
    if (kind == KIND_DOUBLE) {
        *(double *)to = x;
        return true;
    }
    if (x < (double)-FLT_MAX || x > (double)FLT_MAX) {
        return reader_out_of_range(r, at, "within a 32-bit float");
    }
    *(float *)to = (float)x;
    return true;
}

static bool read_enum(struct reader *r, const struct json *json,
                      const struct place *at,
                      const ProtobufCEnumDescriptor *type, void *to)
{
    const struct str *words = kind_words(type);
    struct buf list = BUF_EMPTY;
    int value = 0;

    if (json_type(json) != JSON_TEXT) {
        return reader_wrong_type(r, at, "a string", json);
    }
    if (message_enum_value(type, json_text(json), &value)) {
        *(int *)to = value;
        return true;
    }
    for (unsigned i = 1; i < type->n_values && !reader_is_full(r); i++) {
        near_list(&list, words[i]);
    }
    (void)fault_add(r->faults, reader_path(r, at), FAULT_NOT_ALLOWED,
                    "must be one of: %s", buf_cstr(&list));
    buf_free(&list);
    return false;
}

static bool read_time(struct reader *r, const struct json *json,
                      const struct place *at, void *to)
{
    Google__Protobuf__Timestamp *t = NULL;
    int64_t us = 0;

    if (json_type(json) != JSON_TEXT) {
        return reader_wrong_type(r, at, "a string with a time", json);
    }
    if (!rfc3339_read(json_text(json), &us)) {
        return fault_add(r->faults, reader_path(r, at), FAULT_BAD_FORMAT,
                         "must be an RFC 3339 time with its zone, such as "
                         "2026-03-01T09:30:00Z");
    }
    t = arena_take(r->arena, sizeof *t);
    google__protobuf__timestamp__init(t);
    t->seconds = us / US_PER_S - (us % US_PER_S < 0);
    t->nanos = (int32_t)((us - t->seconds * US_PER_S) * 1000);
    *(Google__Protobuf__Timestamp **)to = t;
    return true;
}

/* One value that is not null, put at `to` when it is good. */
static bool read_value(struct reader *r, const struct json *json,
                       const ProtobufCFieldDescriptor *f,
                       const struct place *at, struct str prefix, void *to)
{
    enum kind kind = kind_of(f);
    ProtobufCMessage *inner = NULL;
    bool ok = true;

    switch (kind) {
    case KIND_TEXT:
        return read_text(r, json, at, to);
    case KIND_BYTES:
        return read_bytes(r, json, at, to);
    case KIND_BOOL:
        if (json_type(json) != JSON_BOOL) {
            return reader_wrong_type(r, at, "true or false", json);
        }
        *(protobuf_c_boolean *)to = json_bool(json);
        return true;
    case KIND_I32:
    case KIND_U32:
    case KIND_I64:
    case KIND_U64:
        return read_whole(r, json, at, kind, to);
    case KIND_FLOAT:
    case KIND_DOUBLE:
        return read_double(r, json, at, kind, to);
    case KIND_ENUM:
        return read_enum(r, json, at, f->descriptor, to);
    case KIND_TIME:
        return read_time(r, json, at, to);
    case KIND_WRAPPER:
        inner = message_new(kind_type(f), r->arena);
        f = kind_wrapped(f);
        if (!read_value(r, json, f, at, prefix, kind_at(inner, f))) {
            return false;
        }
        *(ProtobufCMessage **)to = inner;
        return true;
    case KIND_MESSAGE:
        break;
    }
    inner = read_message(r, json, kind_type(f), at, prefix, &ok);
    *(ProtobufCMessage **)to = inner;
    return ok;
}

static bool read_list(struct reader *r, const struct json *json,
                      ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                      const struct place *at, struct str prefix)
{
    size_t step = kind_bytes(kind_of(f));
    size_t count = 0;
    char *list = NULL;
    bool ok = true;

    if (json_type(json) != JSON_ARRAY) {
        return reader_wrong_type(r, at, "an array", json);
    }
    count = json_count(json);
    /* That an empty one was sent is seen by its pointer (rules.c). */
    list = arena_zero(r->arena, MAX_OF(count, 1), step);
    for (size_t i = 0; i < count; i++) {
        const struct place here = {.up = at, .index = i};
        const struct json *value = json_at(json, i);

        if (json_type(value) == JSON_NULL) {
            ok = fault_add(r->faults, reader_path(r, &here), FAULT_WRONG_TYPE,
                           "must not be null");
        } else if (!read_value(r, value, f, &here, prefix, list + i * step)) {
            ok = false;
        }
    }
    if (ok) {
        *kind_count(m, f) = count;
        *(char **)kind_at(m, f) = list;
    }
    return ok;
}

/* A member that is null is not there. */
static bool read_map(struct reader *r, const struct json *json,
                     ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                     const struct place *at, struct str prefix)
{
    const ProtobufCMessageDescriptor *type = kind_type(f);
    const struct json *value = NULL;
    ProtobufCMessage **entries = NULL;
    struct place here = {.up = at};
    void *iter = NULL;
    size_t count = 0;
    bool ok = true;

    if (json_type(json) != JSON_OBJECT) {
        return reader_wrong_type(r, at, "an object", json);
    }
    entries = arena_zero(r->arena, json_count(json), sizeof(void *));
    while (json_next(json, &iter, &here.name, &value)) {
        ProtobufCMessage *entry = NULL;

        if (json_type(value) == JSON_NULL) {
            continue;
        }
        entry = message_new(type, r->arena);
        if (!check_text(r, &here, here.name) ||
            !read_value(r, value, &type->fields[1], &here, prefix,
                        kind_at(entry, &type->fields[1]))) {
            ok = false;
            continue;
        }
        *(char **)kind_at(entry, &type->fields[0]) =
            arena_cstr(r->arena, here.name);
        entries[count++] = entry;
    }
    if (ok) {
        *kind_count(m, f) = count;
        *(ProtobufCMessage ***)kind_at(m, f) = count > 0 ? entries : NULL;
    }
    return ok;
}

static bool read_member(struct reader *r, const struct json *json,
                        ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                        const struct place *at, struct str prefix)
{
    if (json_type(json) == JSON_NULL) {
        return true;
    }
    if (kind_is_map(f)) {
        return read_map(r, json, m, f, at, prefix);
    }
    if (kind_is_repeated(f)) {
        return read_list(r, json, m, f, at, prefix);
    }
    if (!kind_is_oneof(f)) {
        return read_value(r, json, f, at, prefix, kind_at(m, f));
    }
    if (*kind_case(m, f) != 0) {
        return fault_add(r->faults, reader_path(r, at), FAULT_NOT_ALLOWED,
                         "only one of its alternatives may be sent");
    }
    if (!read_value(r, json, f, at, prefix, kind_at(m, f))) {
        return false;
    }
    *kind_case(m, f) = f->id;
    return true;
}

/* What is good of the object, for the rules to go on with; *ok becomes false
 * when any of it is not. NULL when it is no object. */
static ProtobufCMessage *read_message(struct reader *r, const struct json *json,
                                      const ProtobufCMessageDescriptor *type,
                                      const struct place *at, struct str prefix,
                                      bool *ok)
{
    ProtobufCMessage *m = NULL;
    struct place here = {.up = at};
    const struct json *value = NULL;
    void *iter = NULL;

    if (json_type(json) != JSON_OBJECT) {
        *ok = reader_wrong_type(r, at, "an object", json);
        return NULL;
    }
    m = message_new(type, r->arena);
    while (json_next(json, &iter, &here.name, &value)) {
        const ProtobufCFieldDescriptor *f = kind_field(type, here.name);
        struct str below = STR_NONE;

        if (f == NULL) {
            *ok = reader_unknown(r, type, &here, prefix);
            continue;
        }
        if (!reader_allows(r, prefix, here.name)) {
            *ok = fault_add(r->faults, reader_path(r, &here), FAULT_NOT_ALLOWED,
                            "is read-only; leave it out");
            continue;
        }
        if (r->rules != NULL && kind_of(f) == KIND_MESSAGE) {
            below =
                arena_printf(r->arena, "%.*s%s.", STR_ARGS(prefix), f->name);
        }
        *ok = read_member(r, value, m, f, &here, below) && *ok;
    }
    return m;
}

bool read_object(const struct json *object,
                 const ProtobufCMessageDescriptor *type,
                 const struct rule_table *rules, struct arena *arena,
                 struct faults *faults, ProtobufCMessage **out)
{
    struct reader r = {.arena = arena, .faults = faults, .rules = rules};
    bool ok = true;

    assert(object != NULL);
    *out = read_message(&r, object, type, NULL, STR(""), &ok);
    return ok;
}

bool read_one(const struct json *value, ProtobufCMessage *m,
              const ProtobufCFieldDescriptor *f, struct arena *arena,
              struct faults *faults)
{
    struct reader r = {.arena = arena, .faults = faults};
    const struct place at = {.name = str_of(f->name)};

    return read_member(&r, value, m, f, &at, STR(""));
}

bool message_read_json(const struct json *object,
                       const ProtobufCMessageDescriptor *type,
                       struct arena *arena, struct faults *faults,
                       ProtobufCMessage **out)
{
    ProtobufCMessage *m = NULL;

    if (!read_object(object, type, NULL, arena, faults, &m)) {
        return false;
    }
    *out = m;
    return true;
}

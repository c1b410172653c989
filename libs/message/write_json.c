/* Message -> JSON, by its descriptor. On the road of every answer and every
 * webhook body: it allocates nothing but what the buf grows by. */
#include "message/message.h"

#include "message/kind.h"

#include "base/codec.h"

#include <assert.h>

/* Our messages do not contain themselves, so this is a bound on the schema. */
#define MESSAGE_DEPTH_MAX 16

static void write_message(const ProtobufCMessage *m, struct json_writer *w,
                          unsigned depth);

static void write_time(const void *at, struct json_writer *w)
{
    int64_t wall_us = 0;

    if (kind_time(at, &wall_us)) {
        json_add_time(w, wall_us);
    } else {
        json_add_null(w);
    }
}

static void write_text(const char *text, bool is_element, struct json_writer *w)
{
    if (text == NULL || (text[0] == '\0' && !is_element)) {
        json_add_null(w);
        return;
    }
    json_add_text(w, str_of(text));
}

static void write_bytes(const ProtobufCBinaryData *bytes, struct json_writer *w)
{
    /* Base64 needs no escape: the writer is asked for the quotes only. */
    json_add_raw(w, STR("\""));
    base64_add(w->out, bytes->data, bytes->len);
    buf_add_char(w->out, '"');
}

static void write_enum(const ProtobufCFieldDescriptor *f, int value,
                       struct json_writer *w)
{
    struct str word = message_enum_word(f->descriptor, value);

    if (word.len == 0) {
        json_add_null(w); /* Unspecified, or newer than we are. */
        return;
    }
    json_add_text(w, word);
}

/* One value. An element (of a list, a map or a wrapper) is never "unset":
 * its empty text is "". */
static void write_value(const ProtobufCFieldDescriptor *f, enum kind kind,
                        const void *at, bool is_element, struct json_writer *w,
                        unsigned depth)
{
    const ProtobufCMessage *inner = NULL;

    switch (kind) {
    case KIND_TEXT:
        write_text(*(char *const *)at, is_element, w);
        return;
    case KIND_BYTES:
        write_bytes(at, w);
        return;
    case KIND_BOOL:
        json_add_bool(w, *(const protobuf_c_boolean *)at != 0);
        return;
    case KIND_I32:
        json_add_int(w, *(const int32_t *)at);
        return;
    case KIND_U32:
        json_add_u64(w, *(const uint32_t *)at);
        return;
    case KIND_I64:
        json_add_int(w, *(const int64_t *)at);
        return;
    case KIND_U64:
        json_add_u64(w, *(const uint64_t *)at);
        return;
    case KIND_FLOAT:
        json_add_double(w, (double)*(const float *)at);
        return;
    case KIND_DOUBLE:
        json_add_double(w, *(const double *)at);
        return;
    case KIND_ENUM:
        write_enum(f, *(const int *)at, w);
        return;
    case KIND_TIME:
        write_time(at, w);
        return;
    case KIND_WRAPPER:
    case KIND_MESSAGE:
        break;
    }
    inner = *(ProtobufCMessage *const *)at;
    if (inner == NULL) {
        json_add_null(w);
    } else if (kind == KIND_WRAPPER) {
        f = kind_wrapped(f);
        write_value(f, kind_of(f), kind_at(inner, f), true, w, depth);
    } else {
        write_message(inner, w, depth + 1);
    }
}

static void write_map(const ProtobufCMessage *m,
                      const ProtobufCFieldDescriptor *f, struct json_writer *w,
                      unsigned depth)
{
    const ProtobufCFieldDescriptor *key = &kind_type(f)->fields[0];
    const ProtobufCFieldDescriptor *value = &kind_type(f)->fields[1];
    ProtobufCMessage *const *entries =
        *(ProtobufCMessage *const *const *)kind_at(m, f);
    enum kind kind = kind_of(value);
    size_t count = *kind_count(m, f);

    json_object_begin(w);
    for (size_t i = 0; i < count; i++) {
        json_key(w, str_of(*(char *const *)kind_at(entries[i], key)));
        write_value(value, kind, kind_at(entries[i], value), true, w, depth);
    }
    json_object_end(w);
}

static void write_list(const ProtobufCMessage *m,
                       const ProtobufCFieldDescriptor *f, struct json_writer *w,
                       unsigned depth)
{
    const char *at = *(const char *const *)kind_at(m, f);
    enum kind kind = kind_of(f);
    size_t step = kind_bytes(kind);
    size_t count = *kind_count(m, f);

    json_array_begin(w);
    for (size_t i = 0; i < count; i++, at += step) {
        write_value(f, kind, at, true, w, depth);
    }
    json_array_end(w);
}

static void write_field(const ProtobufCMessage *m,
                        const ProtobufCFieldDescriptor *f,
                        struct json_writer *w, unsigned depth)
{
    bool is_oneof = kind_is_oneof(f);

    if (is_oneof && *kind_case(m, f) != f->id) {
        return;
    }
    json_key(w, str_of(f->name));
    if (!kind_is_repeated(f)) {
        write_value(f, kind_of(f), kind_at(m, f), is_oneof, w, depth);
    } else if (kind_is_map(f)) {
        write_map(m, f, w, depth);
    } else {
        write_list(m, f, w, depth);
    }
}

static void write_message(const ProtobufCMessage *m, struct json_writer *w,
                          unsigned depth)
{
    const ProtobufCMessageDescriptor *type = m->descriptor;

    assert(depth < MESSAGE_DEPTH_MAX);
    json_object_begin(w);
    for (unsigned i = 0; i < type->n_fields; i++) {
        write_field(m, &type->fields[i], w, depth);
    }
    json_object_end(w);
}

void message_write_json(const ProtobufCMessage *m, struct json_writer *w)
{
    assert(m != NULL);
    write_message(m, w, 0);
}

/* Telling fields apart by their descriptors. */
#include "message/kind.h"

#include "base/clock.h"

#include <assert.h>
#include <string.h>

#include "google/protobuf/timestamp.pb-c.h"
#include "google/protobuf/wrappers.pb-c.h"

#define TIME_MIN_S (-62135596800LL) /* 0001-01-01, as Timestamp allows */
#define TIME_MAX_S 253402300799LL   /* 9999-12-31T23:59:59 */

static enum kind kind_of_message(const ProtobufCMessageDescriptor *type)
{
    if (type == &google__protobuf__timestamp__descriptor) {
        return KIND_TIME;
    }
    if (type->n_fields == 1 &&
        strcmp(type->package_name, "google.protobuf") == 0 &&
        strcmp(type->fields[0].name, "value") == 0) {
        return KIND_WRAPPER;
    }
    return KIND_MESSAGE;
}

enum kind kind_of(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        return KIND_TEXT;
    case PROTOBUF_C_TYPE_BYTES:
        return KIND_BYTES;
    case PROTOBUF_C_TYPE_BOOL:
        return KIND_BOOL;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return KIND_I32;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return KIND_U32;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return KIND_I64;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return KIND_U64;
    case PROTOBUF_C_TYPE_FLOAT:
        return KIND_FLOAT;
    case PROTOBUF_C_TYPE_DOUBLE:
        return KIND_DOUBLE;
    case PROTOBUF_C_TYPE_ENUM:
        return KIND_ENUM;
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return kind_of_message(kind_type(f));
}

const ProtobufCFieldDescriptor *kind_wrapped(const ProtobufCFieldDescriptor *f)
{
    assert(kind_of(f) == KIND_WRAPPER);
    return &kind_type(f)->fields[0];
}

size_t kind_bytes(enum kind kind)
{
    switch (kind) {
    case KIND_BYTES:
        return sizeof(ProtobufCBinaryData);
    case KIND_BOOL:
        return sizeof(protobuf_c_boolean);
    case KIND_I32:
    case KIND_U32:
    case KIND_ENUM:
        return sizeof(int32_t);
    case KIND_I64:
    case KIND_U64:
        return sizeof(int64_t);
    case KIND_FLOAT:
        return sizeof(float);
    case KIND_DOUBLE:
        return sizeof(double);
    case KIND_TEXT:
    case KIND_TIME:
    case KIND_WRAPPER:
    case KIND_MESSAGE:
        break;
    }
    return sizeof(void *);
}

bool kind_is_map(const ProtobufCFieldDescriptor *f)
{
    const ProtobufCMessageDescriptor *type = NULL;
    size_t len = 0;

    if (!kind_is_repeated(f) || f->type != PROTOBUF_C_TYPE_MESSAGE) {
        return false;
    }
    type = kind_type(f);
    len = strlen(type->short_name);
    return type->n_fields == 2 && len > 5 &&
           strcmp(type->short_name + len - 5, "Entry") == 0 &&
           type->fields[0].type == PROTOBUF_C_TYPE_STRING &&
           strcmp(type->fields[0].name, "key") == 0 &&
           strcmp(type->fields[1].name, "value") == 0;
}

const ProtobufCFieldDescriptor *
kind_field(const ProtobufCMessageDescriptor *type, struct str name)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &type->fields[i];

        if (strncmp(f->name, name.data, name.len) == 0 &&
            f->name[name.len] == '\0') {
            return f;
        }
    }
    return NULL;
}

bool kind_time(const void *at, int64_t *wall_us)
{
    const Google__Protobuf__Timestamp *t =
        *(Google__Protobuf__Timestamp *const *)at;

    if (t == NULL || t->seconds < TIME_MIN_S || t->seconds > TIME_MAX_S ||
        t->nanos < 0 || t->nanos > 999999999) {
        return false;
    }
    *wall_us = t->seconds * US_PER_S + t->nanos / 1000;
    return true;
}

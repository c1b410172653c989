/* What a field of a message is to us: protobuf's types, with the well-known
 * messages (Timestamp, wrappers, map entries) told apart. Private to
 * libs/message. Pure. */
#ifndef PORTER_MESSAGE_KIND_H
#define PORTER_MESSAGE_KIND_H

#include "base/str.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

enum kind {
    KIND_TEXT,
    KIND_BYTES,
    KIND_BOOL,
    KIND_I32,
    KIND_U32,
    KIND_I64,
    KIND_U64,
    KIND_FLOAT,
    KIND_DOUBLE,
    KIND_ENUM,
    KIND_TIME,    /* google.protobuf.Timestamp */
    KIND_WRAPPER, /* google.protobuf.Int32Value and its like */
    KIND_MESSAGE,
};

enum kind kind_of(const ProtobufCFieldDescriptor *f);

/* The one field of a wrapper. */
const ProtobufCFieldDescriptor *kind_wrapped(const ProtobufCFieldDescriptor *f);

/* Bytes of one element of a repeated field. */
size_t kind_bytes(enum kind kind);

/* Is the repeated field a map? */
bool kind_is_map(const ProtobufCFieldDescriptor *f);

static inline bool kind_is_repeated(const ProtobufCFieldDescriptor *f)
{
    return f->label == PROTOBUF_C_LABEL_REPEATED;
}

static inline bool kind_is_oneof(const ProtobufCFieldDescriptor *f)
{
    return (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

/* The message type of a field of KIND_TIME, _WRAPPER or _MESSAGE. */
static inline const ProtobufCMessageDescriptor *
kind_type(const ProtobufCFieldDescriptor *f)
{
    return (const ProtobufCMessageDescriptor *)f->descriptor;
}

/* Where the field's value (or a repeated field's array) is. */
static inline void *kind_at(const ProtobufCMessage *m,
                            const ProtobufCFieldDescriptor *f)
{
    return (char *)(uintptr_t)m + f->offset;
}

/* A repeated field's count. */
static inline size_t *kind_count(const ProtobufCMessage *m,
                                 const ProtobufCFieldDescriptor *f)
{
    return (size_t *)(void *)((char *)(uintptr_t)m + f->quantifier_offset);
}

/* Which member of the field's oneof is set: its number, or 0. */
static inline uint32_t *kind_case(const ProtobufCMessage *m,
                                  const ProtobufCFieldDescriptor *f)
{
    return (uint32_t *)(void *)((char *)(uintptr_t)m + f->quantifier_offset);
}

/* The field of that name, or NULL. */
const ProtobufCFieldDescriptor *
kind_field(const ProtobufCMessageDescriptor *type, struct str name);

/* The Timestamp that the field's value at `at` points to, in microseconds;
 * false when it is unset or not within the years 0001 to 9999. */
bool kind_time(const void *at, int64_t *wall_us);

/* An enum's JSON words, by the index of its values: lower case, without the
 * type's prefix; made once per type, never freed. Thread-safe. */
const struct str *kind_words(const ProtobufCEnumDescriptor *type);

#endif

/* Messages of proto/porter/v1, generically: JSON both ways, bytes both ways.
 *
 * One schema serves the REST body, the webhook body and the Kafka payload, so
 * this is the only place that knows how a message looks in JSON:
 *   names        as in the .proto (snake_case), in the order of the .proto
 *   enums        the value's name without the type's prefix, lower case;
 *                *_UNSPECIFIED is null
 *   Timestamp    RFC 3339 UTC with milliseconds; unset is null
 *   text         "" is "unset" and is null
 *   scalars      their value; one that may be missing is a wrapper message
 *                (google.protobuf.Int32Value …: Debian's protoc-c knows no
 *                `optional`), written as the bare value or null
 *   messages     unset is null
 *   oneof        only the member that is set, by its own name; none: nothing
 *   map          an object (a map entry is a nested message `…Entry` of key
 *                and value); always there, maybe empty
 *   repeated     an array; always there, maybe empty
 *   in a map, list, wrapper or oneof a value is there: its empty text is ""
 *   bytes        base64
 *   (u)int64     a number
 * Messages live in an arena and are never freed piece by piece. Pure. */
#ifndef PORTER_MESSAGE_MESSAGE_H
#define PORTER_MESSAGE_MESSAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"
#include "json/json.h"

#include <protobuf-c/protobuf-c.h>

/* An empty message of the type, in the arena. */
ProtobufCMessage *message_new(const ProtobufCMessageDescriptor *type,
                              struct arena *arena);

/* Append the message's JSON. */
void message_write_json(const ProtobufCMessage *m, struct json_writer *w);

/* Read an object into a new message. Every unknown field, wrong type, bad enum
 * word, bad time and bad number is added to `faults` with its JSON path
 * ("host.email", "location_ids[2]", "metadata.badge"); false if any was.
 * null means "unset" everywhere. Text is checked: UTF-8 (the reader did) and
 * no control characters but \n and \t. */
MUST_USE bool message_read_json(const struct json *object,
                                const ProtobufCMessageDescriptor *type,
                                struct arena *arena, struct faults *faults,
                                ProtobufCMessage **out);

/* Protobuf bytes, appended. */
void message_pack(const ProtobufCMessage *m, struct buf *out);

/* ERR_MALFORMED when the bytes are no such message. */
MUST_USE bool message_unpack(const ProtobufCMessageDescriptor *type,
                             struct str bytes, struct arena *arena,
                             ProtobufCMessage **out, struct err *err);

/* --- fields by name, for the storage layer ------------------------------- */

/* A field reached by a dotted path ("host.email"), with the sub-messages on
 * the way made on demand when `create`. NULL field: no such path (a bug). */
struct message_field {
    const ProtobufCFieldDescriptor *field;
    ProtobufCMessage *owner; /* NULL when a sub-message is unset. */
    struct arena *arena;     /* As given to message_find; NULL: read only. */
};
struct message_field message_find(ProtobufCMessage *m, struct str path,
                                  struct arena *create);

/* Setters copy text into the arena; each asserts that the kind fits. A
 * wrapper (Int32Value …) is set through its own field name: it is made by the
 * setter, so a field that was only found stays null. */
void message_set_text(struct message_field f, struct str s, struct arena *a);
void message_set_int(struct message_field f, int64_t n);
void message_set_bool(struct message_field f, bool b);
void message_set_time(struct message_field f, int64_t wall_us, struct arena *a);
void message_set_enum(struct message_field f, struct str word); /* JSON word */
/* A map<string,string> or repeated field from its JSON form. */
MUST_USE bool message_set_json(struct message_field f, struct str json,
                               struct arena *a, struct err *err);

/* A Timestamp as microseconds; false when unset. */
MUST_USE bool message_get_time(struct message_field f, int64_t *wall_us);

/* An enum's JSON word ("checked_in"); STR_NONE when unspecified. */
struct str message_enum_word(const ProtobufCEnumDescriptor *type, int value);
/* The value of a JSON word; false when there is none. */
MUST_USE bool message_enum_value(const ProtobufCEnumDescriptor *type,
                                 struct str word, int *value);

#endif

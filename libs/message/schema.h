/* JSON Schemas (2020-12, as OpenAPI 3.1 uses them) of messages and inputs.
 *
 * They say in data what message_write_json and rules_read do in code, from the
 * same descriptors and rows; the texts are the comments of the .proto files.
 * Another message is referred to as "#/components/schemas/<its short name>".
 * Pure. */
#ifndef PORTER_MESSAGE_SCHEMA_H
#define PORTER_MESSAGE_SCHEMA_H

#include "message/rules.h"

/* What a message looks like in answers and events: every field is there. */
void schema_write_message(const ProtobufCMessageDescriptor *type,
                          struct json_writer *w);

/* What a body may hold and must obey. `either` lists fields of which one must
 * be there; it may be NULL. */
void schema_write_input(const struct rule_table *table,
                        const char *const *either, struct json_writer *w);

/* `{"type":"string","pattern":…}`, of an id. */
void schema_write_id(enum id_kind kind, struct json_writer *w);

/* The same, of an id of any of these kinds: bits (1 << kind). */
void schema_write_ids(unsigned kinds, struct json_writer *w);

/* `"enum":[…]`: the words of an enum. */
void schema_write_words(const ProtobufCEnumDescriptor *type, bool or_null,
                        struct json_writer *w);

/* Add the type and every message type in it, each once, in the order they are
 * met. Asserts that there is room. */
void schema_collect(const ProtobufCMessageDescriptor *type,
                    const ProtobufCMessageDescriptor **list, size_t *count,
                    size_t max);

/* What the .proto says of the type, or of a field of it; "" when nothing. */
const char *schema_comment(const ProtobufCMessageDescriptor *type,
                           const char *field);

/* A text that holds no control character and, on a line, no line break and
 * more than blanks; an e-mail address and so on. NULL: any text. */
const char *schema_pattern(enum rule_format format);

/* {"<pattern>": "must be …", …}: what rules_read says of a text that does not
 * fit the pattern its field has in schema_write_input. Where it may say more
 * than one thing of a text, the pattern is not there. */
void schema_write_told(struct json_writer *w);

/* The field of a path ("host.email") and the message it stands in; NULL when
 * there is none. */
const ProtobufCFieldDescriptor *
schema_field(const ProtobufCMessageDescriptor *type, struct str path,
             const ProtobufCMessageDescriptor **owner);

/* For pages: "text", "time", "list of texts" … of a field of a message; the
 * words of an enum are not in it. */
const char *schema_kind_name(const ProtobufCFieldDescriptor *f);

/* The message that the field holds one or many of; NULL: something else. */
const ProtobufCMessageDescriptor *
schema_inner(const ProtobufCFieldDescriptor *f);

/* May the field be null in an answer? */
bool schema_may_be_null(const ProtobufCMessageDescriptor *type,
                        const ProtobufCFieldDescriptor *f);

#endif

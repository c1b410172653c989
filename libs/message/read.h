/* JSON -> message with or without rules; what message.h and rules.h share.
 * Private to libs/message. */
#ifndef PORTER_MESSAGE_READ_H
#define PORTER_MESSAGE_READ_H

#include "message/rules.h"

/* As message_read_json; with a table, only the fields that its rows name. On
 * false *out is what was good, or NULL when it is no object at all. */
MUST_USE bool read_object(const struct json *object,
                          const ProtobufCMessageDescriptor *type,
                          const struct rule_table *rules, struct arena *arena,
                          struct faults *faults, ProtobufCMessage **out);

/* One field's value from its JSON, into m. */
MUST_USE bool read_one(const struct json *value, ProtobufCMessage *m,
                       const ProtobufCFieldDescriptor *f, struct arena *arena,
                       struct faults *faults);

/* A name as long as a person can read, cut between characters. */
struct str read_shown(struct str name);

/* Does a row name the field, or one below it? The prefix is the path of its
 * message with a dot behind ("host."), or empty. */
bool rules_name(const struct rule_table *rules, struct str prefix,
                struct str name);

#endif

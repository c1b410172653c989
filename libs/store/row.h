/* Result rows -> messages of proto/porter/v1, by column name; and a message's
 * values -> arguments.
 *
 * A column's name is a field's path: `full_name`, "host.email". A uuid column
 * says which kind of id it is behind a colon, "location_id:loc", and becomes
 * the id's text; uuid[] likewise. A text column fits text and enum fields
 * (the JSON word), timestamptz a Timestamp, integers a number or its wrapper,
 * jsonb a map or list. NULL leaves the field unset. A column "?name" is the
 * statement's own word to its caller and no field. Internal to libs/store;
 * pure. */
#ifndef PORTER_STORE_ROW_H
#define PORTER_STORE_ROW_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "db/db.h"

#include "google/protobuf/timestamp.pb-c.h"

/* A new message from one row; memory is the arena's. ERR_INTERNAL: a value
 * that is no JSON for its field. */
MUST_USE bool row_message(const struct db_rows *rows, size_t row,
                          const ProtobufCMessageDescriptor *type,
                          struct arena *arena, ProtobufCMessage **out,
                          struct err *err);

/* All rows; the list is the arena's, as an array of the message's pointers. */
MUST_USE bool row_messages(const struct db_rows *rows,
                           const ProtobufCMessageDescriptor *type,
                           struct arena *arena, ProtobufCMessage ***list,
                           size_t *count, struct err *err);

/* "" and NULL are SQL NULL. */
struct db_arg row_text(const char *text);
/* NULL is SQL NULL. */
struct db_arg row_time(const Google__Protobuf__Timestamp *time);
/* A map<string, string> field as jsonb, written into `out`; empty is NULL. */
struct db_arg row_map(ProtobufCMessage *const *entries, size_t count,
                      struct buf *out);
/* The id of a message's own text (it was checked or made by us). */
struct id row_id(enum id_kind kind, const char *text);

#endif

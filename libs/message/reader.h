/* Where a reader of JSON stands and how it tells what is wrong there. Private
 * to libs/message. */
#ifndef PORTER_MESSAGE_READER_H
#define PORTER_MESSAGE_READER_H

#include "message/read.h"

/* Where we are: from the leaf up, and only put together for a fault. */
struct place {
    const struct place *up;
    struct str name; /* STR_NONE: `index` counts. */
    size_t index;
};

struct reader {
    struct arena *arena;
    struct faults *faults;
    const struct rule_table *rules; /* NULL: every field may be sent. */
};

/* "host.email", "location_ids[2]"; "" is the whole, or the list is full. */
struct str reader_path(const struct reader *r, const struct place *at);

/* Faults past the limit are only counted: nothing is worded for them. */
bool reader_is_full(const struct reader *r);

/* Each adds its fault and returns false. */
bool reader_wrong_type(struct reader *r, const struct place *at,
                       const char *want, const struct json *json);
bool reader_out_of_range(struct reader *r, const struct place *at,
                         const char *range);

/* at->name is no field of the type: which was meant? */
bool reader_unknown(struct reader *r, const ProtobufCMessageDescriptor *type,
                    const struct place *at, struct str prefix);

/* May the field be sent? The prefix as in rules_name. */
bool reader_allows(const struct reader *r, struct str prefix, struct str name);

#endif

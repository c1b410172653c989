/* What schemas of messages and of inputs are written with. Inside libs/message
 * only. */
#ifndef PORTER_MESSAGE_SCHEMA_PARTS_H
#define PORTER_MESSAGE_SCHEMA_PARTS_H

#include "json/json.h"
#include "message/rules.h"

#include <stdbool.h>

/* A member whose value is a text. */
static inline void schema_add_member(struct json_writer *w, const char *name,
                                     const char *text)
{
    json_key(w, str_of(name));
    json_add_text(w, str_of(text));
}

/* "type": "string", or "type": ["string", "null"] */
static inline void schema_add_type(struct json_writer *w, const char *name,
                                   bool or_null)
{
    json_key(w, STR("type"));
    if (!or_null) {
        json_add_text(w, str_of(name));
        return;
    }
    json_array_begin(w);
    json_add_text(w, str_of(name));
    json_add_text(w, STR("null"));
    json_array_end(w);
}

/* "pattern" of a text of the row's format, or an empty one. */
void schema_add_pattern(struct json_writer *w, const struct rule *row,
                        bool or_empty);

#endif

/* What an input must obey, beyond its shape: one table per input.
 *
 * The table names fields of a message by path; the same rows check a body and
 * describe it in OpenAPI (schema.h). A field of the message that no row names
 * is read-only: sending it is a fault (not_allowed), as is a field that does
 * not exist (unknown_field names the nearest that may be sent). Pure. */
#ifndef PORTER_MESSAGE_RULES_H
#define PORTER_MESSAGE_RULES_H

#include "base/id.h"
#include "message/message.h"

#define MAP_KEY_MAX 40    /* Code points. */
#define MAP_VALUE_MAX 500 /* Code points. */
#define WAIT_MAX_S 604800 /* A week. */

/* For a repeated text field the format is each entry's. */
enum rule_format {
    RULE_PLAIN,
    RULE_LINE,     /* No line breaks, not only blanks. */
    RULE_EMAIL,    /* local@domain, no blanks */
    RULE_PHONE,    /* E.164: + and 7 to 15 digits */
    RULE_COUNTRY,  /* two capital letters, as in ISO 3166-1 */
    RULE_ENDPOINT, /* guard_form: whether it may be called is not asked. */
    RULE_WORD,     /* one of `words` */
    RULE_ID,       /* of id_kind */
    RULE_TIME,     /* min..max are seconds relative to now */
    RULE_MAP,      /* max keys; keys 1 to 40, values <= 500 code points */
    RULE_HEADERS,  /* a map; guard/header.h */
    RULE_WAITS,    /* a list of whole seconds, each 1 to WAIT_MAX_S */
};

struct rule {
    const char *path;
    enum rule_format format;
    /* Below a sub-message whose own row is not required: only when that was
     * sent. A bare number or bool is always there. */
    bool required;
    int64_t min; /* Code points, value or count, by the field's type; */
    int64_t max; /* for values and times 0 and 0 is "any". [] is counted. */
    enum id_kind id_kind;     /* RULE_ID only. */
    const char *const *words; /* RULE_WORD only; NULL-terminated. */
};

struct rule_table {
    const ProtobufCMessageDescriptor *type;
    const struct rule *rows;
    size_t count;
};

/* Do all paths exist and the formats fit their types? Called for every table
 * at start; a false is our bug. */
MUST_USE bool rules_check(const struct rule_table *table, struct err *err);

/* What RULE_LINE asks of a text that does not come in JSON: one line of 1 to
 * max code points of UTF-8, more than blanks, without control characters. */
bool rules_fits_line(struct str s, size_t max);

/* JSON body -> message that obeys the rules; all faults at once. now_us is the
 * time that RULE_TIME counts from. */
MUST_USE bool rules_read(const struct rule_table *table,
                         const struct json *body, int64_t now_us,
                         struct arena *arena, struct faults *faults,
                         ProtobufCMessage **out);

#endif

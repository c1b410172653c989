/* Query parameters: one table per list route says what may be asked.
 *
 * params_read checks all of them at once: an unknown name, a repeated one and
 * a bad value each become a fault that names the parameter and, for a name
 * that is nearly right, the right one. Nothing is ignored. Pure. */
#ifndef PORTER_GATEWAY_PARAMS_H
#define PORTER_GATEWAY_PARAMS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/id.h"
#include "base/macros.h"
#include "message/message.h"
#include "web/query.h"

#define PARAM_ROWS_MAX 32
#define PARAM_REPEAT_MAX 16 /* How often one parameter may be there. */

enum param_kind {
    PARAM_UINT, /* number: min..max */
    PARAM_TEXT, /* text: min..max code points, no control characters */
    PARAM_ID,   /* id: of id_kind */
    PARAM_IDS,  /* id: of any of id_kinds */
    PARAM_TIME, /* number: microseconds */
    PARAM_ENUM, /* bits (1 << value) of the enum's words */
    PARAM_WORD, /* bits (1 << index) of words */
};

struct param_row {
    const char *name;
    enum param_kind kind;
    bool repeatable; /* PARAM_ENUM, PARAM_WORD: the bits are joined. */
    bool is_filter;  /* Part of what a cursor is bound to. */
    bool required;
    int64_t min;
    int64_t max;
    enum id_kind id_kind;
    unsigned id_kinds; /* Bits (1 << kind). */
    const ProtobufCEnumDescriptor *words_of;
    const char *const *words; /* NULL-terminated. */
    unsigned
        preset; /* PARAM_WORD: the bit that leaving it out means; 0: none. */
    const char *help;
    const char
        *from; /* PARAM_TIME, the end of a range: its beginning's name. */
};

struct param_table {
    const struct param_row *rows;
    size_t count;
};

struct param_value {
    bool is_set;
    unsigned times; /* How often it was there. */
    int64_t number;
    unsigned bits;
    struct str text; /* As written, decoded; for every kind. */
    struct id id;
};

/* Fill values[i] for rows[i]; false if any fault was added. */
MUST_USE bool params_read(const struct param_table *table,
                          const struct query *query, struct faults *faults,
                          struct param_value *values);

/* The filters that are set, in table order, as text in which equal requests
 * are equal: what a cursor is bound to. One that is set to what it is when left
 * out counts as left out. */
void params_canonical(const struct param_table *table,
                      const struct param_value *values, struct buf *out);

/* The query string of the same request with another cursor, for Link. */
void params_query(const struct param_table *table,
                  const struct param_value *values, struct str cursor,
                  struct buf *out);

#endif

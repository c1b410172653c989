/* What every list has in common: limit, cursor, body and Link header. */
#ifndef PORTER_GATEWAY_LIST_H
#define PORTER_GATEWAY_LIST_H

#include "gateway/call.h"
#include "gateway/page.h"
#include "gateway/params.h"
#include "json/json.h"

#define LIST_LIMIT_DEFAULT 50
#define LIST_LIMIT_MAX 200

/* Every list's table of parameters begins with these. */
enum list_param { LIST_LIMIT, LIST_CURSOR, LIST_PARAM_COUNT };
/* clang-format off */
#define LIST_PARAM_ROWS                                                        \
    {.name = "limit", .kind = PARAM_UINT, .min = 1, .max = LIST_LIMIT_MAX,     \
     .help = "Rows in one answer (50)."},                                      \
    {.name = "cursor", .kind = PARAM_TEXT, .min = 1, .max = PAGE_CURSOR_MAX,   \
     .help = "Where to go on: `next_cursor` of the answer before."}
/* clang-format on */

struct list {
    const char *name; /* The array's key: "visitors" */
    const struct param_table *table;
    const struct param_value *params;
    unsigned limit;
    bool goes_on; /* `after` is set */
    struct page_key after;
    struct page_binding binding;
    /* What a handler may add before list_answer: */
    bool is_cut;         /* There may be more although the rows are few; */
    struct page_key cut; /* the list goes on behind this. */
    bool is_low_total;   /* The total is only "at least". */
    bool is_log;         /* `pagination` says how to read on for ever: */
    struct str log_end;  /* `after` is this; STR_NONE: null. */
};

/* Read and check the query string. */
MUST_USE bool list_read(struct call *call, const char *name,
                        const struct param_table *table, struct list *out,
                        struct err *err);

#define LIST_NO_TOTAL (-1) /* Nobody asked how many there are. */

/* Where a list goes on behind this row. */
typedef struct page_key list_key_fn(const ProtobufCMessage *row);

/* Write the answer. Of limit + 1 rows that were asked for, the last is not
 * shown: it says that there are more. */
void list_answer(struct call *call, const struct list *list,
                 ProtobufCMessage *const *rows, size_t count,
                 list_key_fn *key_of, int64_t total);

/* The same for rows that are no messages: begin, write each as an object, end.
 * `last` is where the next page begins, when there is more. */
struct list_end {
    bool has_more;
    struct page_key last;
    int64_t total; /* or LIST_NO_TOTAL */
};
struct json_writer list_begin(struct call *call, const struct list *list);
/* Are there more rows than are shown? Then the last of *count is left out, and
 * the caller says where the next page begins. */
bool list_has_more(const struct list *list, size_t *count,
                   struct list_end *end);
void list_finish(struct call *call, const struct list *list,
                 struct json_writer *w, const struct list_end *end);

#endif

/* The parts of the page for people. */
#ifndef PORTER_GATEWAY_OPENAPI_PAGE_PARTS_H
#define PORTER_GATEWAY_OPENAPI_PAGE_PARTS_H

#include "gateway/openapi/describe.h"
#include "gateway/openapi/examples.h"

/* A table that scrolls by itself where it is too wide; `label` says what it
 * is. Its columns are named in `columns`, NULL-terminated. */
void page_table_begin(struct buf *out, const char *label,
                      const char *const *columns);
void page_table_end(struct buf *out);

/* Query parameters, fields of a body, fields of a message. */
void page_params(const struct param_table *table, struct buf *out);
void page_body(const struct rule_table *table, struct buf *out);
void page_message(const ProtobufCMessageDescriptor *type, struct buf *out);

/* One operation: call, inputs, an example, answers. */
void page_operation(const struct operation *op, const char *url,
                    const struct examples *e, struct buf *out);

/* A block of code, with a label for those who can't see it. */
void page_code(struct buf *out, const char *label, struct str text);
/* A JSON value in such a block. */
void page_json(struct buf *out, const char *label, const struct json *value);

#endif

/* What follows from an operation's row: its group, who may call it, the
 * problems it may answer. The OpenAPI document and the pages of docs say the
 * same because both ask here. Pure. */
#ifndef PORTER_GATEWAY_OPENAPI_DESCRIBE_H
#define PORTER_GATEWAY_OPENAPI_DESCRIBE_H

#include "gateway/problem.h"
#include "gateway/routes.h"

/* Operations about one thing: a tag of OpenAPI, a chapter of the page. */
struct group {
    const char *segment; /* Of the path: "visitors". */
    const char *name;
    const char *help;
};
extern const struct group groups[];
extern const size_t group_count;

const struct group *describe_group(const struct operation *op);

static inline bool describe_is_keyed(const struct operation *op)
{
    return (op->flags & OP_OPEN) == 0;
}

static inline bool describe_is_write(const struct operation *op)
{
    return op->method != WEB_GET;
}

/* The status of success. */
unsigned describe_status(const struct operation *op);

/* "GET" */
const char *describe_method(const struct operation *op);

/* "visitors:read"; NULL when any key will do. */
const char *describe_scope(const struct operation *op);

struct path_value {
    struct str name;   /* "id" */
    enum id_kind kind; /* ID_KIND_COUNT: no id of ours. */
};

/* The "{…}" of the pattern, in order. */
size_t describe_path(const struct operation *op,
                     struct path_value values[ROUTE_VALUES_MAX]);

/* The kind of thing that an answer's message or a collection is about;
 * ID_KIND_COUNT when of none that can be asked for. */
enum id_kind describe_kind(const ProtobufCMessageDescriptor *type);

bool describe_may_answer(const struct operation *op, enum problem p);

/* "ListVisitors" of list_visitors, with what follows. */
void describe_camel(const char *name, const char *more, struct buf *out);

#endif

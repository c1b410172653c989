/* The whole API: one table of operations per resource, listed by routes.c. */
#ifndef PORTER_GATEWAY_ROUTES_H
#define PORTER_GATEWAY_ROUTES_H

#include "base/buf.h"
#include "base/macros.h"
#include "gateway/call.h"
#include "web/router.h"

/* Answers the call, or says why not. */
typedef bool handler_fn(struct call *call, struct err *err);

enum operation_flags {
    OP_OPEN = 1,      /* No key is needed. */
    OP_UNCOUNTED = 2, /* Does not use up the key's limit. */
    OP_BODY = 4,      /* Takes a JSON body. */
    OP_HTML = 8,      /* Answers a page; JSON need not be acceptable. */
};

struct operation {
    enum web_method method;
    const char *pattern;
    unsigned scope; /* Of enum key_scope; 0: any key. */
    unsigned flags;
    handler_fn *handler;
    const char *name; /* list_visitors: for logs, metrics and OpenAPI */
    const char *summary;
};

struct operation_table {
    const struct operation *rows;
    size_t count;
};
#define OPERATIONS(rows)                                                       \
    {                                                                          \
        (rows), COUNT_OF(rows)                                                 \
    }

/* Every operation, in the order of the tables. */
size_t routes_all(const struct operation *list[OPERATIONS_MAX]);

/* Position of an operation in that order. */
size_t routes_index(const struct operation *op);

/* A router over all operations; each route's row is its operation. It lives on
 * the caller's array. */
struct router *routes_router(struct route routes[OPERATIONS_MAX]);

/* For --routes: method, path, scope, counted, name, summary; tab-separated. */
void routes_print(struct buf *out);

#endif

/* The whole API: one table of operations per resource, listed by routes.c. */
#ifndef PORTER_GATEWAY_ROUTES_H
#define PORTER_GATEWAY_ROUTES_H

#include "base/buf.h"
#include "base/macros.h"
#include "gateway/call.h"
#include "gateway/params.h"
#include "message/rules.h"
#include "web/router.h"

/* Answers the call, or says why not. */
typedef bool handler_fn(struct call *call, struct err *err);

enum operation_flags {
    OP_OPEN = 1,           /* No key is needed. */
    OP_UNCOUNTED = 2,      /* Does not use up the key's limit. */
    OP_BODY = 4,           /* Takes a JSON body. */
    OP_HTML = 8,           /* Answers a page; JSON need not be acceptable. */
    OP_BODY_OPTIONAL = 16, /* With OP_BODY: it may be left out. */
    OP_ETAG = 32,          /* ETag on the answer; If-None-Match gives 304. */
    OP_IF_MATCH = 64,      /* Takes If-Match; 412 when it is not current. */
    OP_LOCATION = 128,     /* Location on the answer. */
    OP_KEY_ONLY = 256,     /* Nothing for who comes without a key. */
    OP_NOTED = 8192,       /* The audit log tells what people do: note.h */
    /* Of the dashboard's own: */
    OP_CONFIRMED = 512, /* Needs a fresh confirmation of the password. */
    OP_DIRECT = 1024,   /* No Idempotency-Key, no dry run: transact.c. */
    OP_QUIET = 2048,    /* Asked for by the page: it is no sign of life. */
    OP_WAITS = 4096,    /* Answers late; bounds itself. */
};

#define OPERATION_PROBLEMS_MAX 6

/* One row is all there is to say of an operation: the router, the OpenAPI
 * document, the pages of docs and the tests over all routes are made from it.
 * Beyond the first seven members give what applies, by name:
 *
 *     {WEB_GET, "/api/v1/visitors", SCOPE_VISITORS_READ, 0, list_visitors,
 *      "list_visitors", "List visitors",
 *      .params = &params, .answer = &porter__v1__visitor__descriptor,
 *      .list_name = "visitors"},
 *     {WEB_POST, "/api/v1/visitors/{id}/check-in", SCOPE_VISITORS_WRITE,
 *      OP_BODY | OP_BODY_OPTIONAL | OP_IF_MATCH, check_in_visitor,
 *      "check_in_visitor", "Check a visitor in",
 *      .rules = check_in_rules, .answer = &porter__v1__visitor__descriptor,
 *      .problems = {PROBLEM_STATE_CONFLICT}},
 *
 * What every operation may answer (401, 403, 404 for an id in the path, 406,
 * 422 for a body, 429, 5xx …) follows from the flags, the scope and the
 * pattern; only what is more goes to `problems`. The kind of an id in the path
 * follows from the segment before it. */
struct operation {
    enum web_method method;
    const char *pattern;
    unsigned scope; /* Of enum key_scope or right; 0: any. */
    unsigned flags;
    handler_fn *handler;
    const char *name; /* list_visitors: for logs, metrics and OpenAPI */
    const char *summary;

    const char *details; /* More than the summary; may be NULL. */
    /* What waits for others, done before any transaction is begun; what it
     * found it leaves in the call. NULL: nothing. */
    handler_fn *before;
    const struct param_table *params; /* NULL: takes no query parameters. */
    /* What the body must obey; with OP_BODY. Checked at start. */
    const struct rule_table *(*rules)(void);
    /* Fields of the body of which one must be there; NULL-terminated. */
    const char *const *either;
    /* The answer's body; of a list: each entry's. For what is no message of
     * proto/: `schema`, a name in openapi/schemas.json. Neither: no body. */
    const ProtobufCMessageDescriptor *answer;
    const char *schema;
    const char *list_name; /* A list: the array's name. */
    unsigned status;       /* Of success; 0: 200. */
    enum problem problems[OPERATION_PROBLEMS_MAX]; /* Beyond the common. */
};

struct operation_table {
    const struct operation *rows;
    size_t count;
};
#define OPERATIONS(rows)                                                       \
    {                                                                          \
        (rows), COUNT_OF(rows)                                                 \
    }

/* Every operation of the API, in the order of the tables. */
size_t routes_all(const struct operation *list[OPERATIONS_MAX]);

/* The dashboard's own, below /dashboard/api; nothing public is made of them. */
size_t routes_inner(const struct operation *list[OPERATIONS_MAX]);

/* Position of an operation of the API in that order. */
size_t routes_index(const struct operation *op);

/* A router over all operations; each route's row is its operation. It lives on
 * the caller's array. */
struct router *routes_router(struct route routes[OPERATIONS_MAX]);
struct router *routes_inner_router(struct route routes[OPERATIONS_MAX]);

/* Do the operations' tables of input rules fit their messages? Called once at
 * start. */
MUST_USE bool routes_check(struct err *err);

/* For --routes: method, path, scope, counted, name, summary; tab-separated. */
void routes_print(struct buf *out);

/* For --dashboard-routes: method, path, the least role (or open), confirmed or
 * not, name, summary; the API's as they are mirrored, too. */
void routes_print_inner(struct buf *out);

#endif

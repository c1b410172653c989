/* Method and path -> row, path values. Pure; a table is built once.
 *
 * Patterns are segments; "{name}" takes one whole, non-empty segment:
 *     {WEB_GET, "/api/v1/visitors/{id}", &something}
 * A literal segment wins over a "{name}" at the same place. */
#ifndef PORTER_WEB_ROUTER_H
#define PORTER_WEB_ROUTER_H

#include "web/web.h"

#define ROUTE_VALUES_MAX 4

struct route {
    enum web_method method;
    const char *pattern;
    const void *row; /* The service's own description. */
};

struct route_match {
    const struct route *route; /* NULL: see allowed */
    struct str values[ROUTE_VALUES_MAX];
    size_t value_count;
    unsigned allowed; /* Bits (1 << method) the path has; 0: no such path. */
};

struct router;

/* Asserts on patterns that clash or do not begin with '/'. Rows borrowed. */
struct router *router_new(const struct route *routes, size_t count);
void router_free(struct router *r);

struct route_match router_find(const struct router *r, enum web_method method,
                               struct str path);

/* "GET, HEAD, OPTIONS" for the Allow header, into out. */
void router_allow(unsigned allowed, struct buf *out);

#endif

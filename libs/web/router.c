/* Routes sorted nowhere: a tree of segments, literal children before "{}". */
#include "web/router.h"

#include <assert.h>
#include <stdlib.h>

#define METHODS (WEB_OTHER + 1)
#define PATTERN_SEGMENTS_MAX 16

struct node {
    struct str literal; /* Empty at the root and for a "{name}". */
    struct node *literals;
    struct node *sibling;
    struct node *any;
    const struct route *routes[METHODS];
    unsigned allowed;
};

struct router {
    struct node root;
};

static bool is_value(struct str segment)
{
    return segment.len > 2 && segment.data[0] == '{' &&
           segment.data[segment.len - 1] == '}';
}

static struct node *child_of(struct node *n, struct str literal)
{
    for (struct node *c = n->literals; c != NULL; c = c->sibling) {
        if (str_eq(c->literal, literal)) {
            return c;
        }
    }
    return NULL;
}

static struct node *grow_child(struct node *n, struct str segment)
{
    struct node *c = is_value(segment) ? n->any : child_of(n, segment);

    if (c != NULL) {
        return c;
    }
    c = mem_zero(1, sizeof(*c));
    if (is_value(segment)) {
        n->any = c;
    } else {
        c->literal = segment;
        c->sibling = n->literals;
        n->literals = c;
    }
    return c;
}

/* The segments of "/a/b" are "a" and "b"; of "/", one empty segment. */
static bool next_segment(struct str *rest, struct str *segment)
{
    const char *slash = NULL;

    if (rest->data == NULL) {
        return false;
    }
    slash = memchr(rest->data, '/', rest->len);
    if (slash == NULL) {
        *segment = *rest;
        *rest = STR_NONE;
        return true;
    }
    *segment = (struct str){rest->data, (size_t)(slash - rest->data)};
    *rest = (struct str){slash + 1, rest->len - segment->len - 1};
    return true;
}

static void add_route(struct router *r, const struct route *route)
{
    struct str rest = str_of(route->pattern);
    struct str segment = STR_NONE;
    struct node *n = &r->root;
    size_t values = 0;
    size_t segments = 0;

    assert(rest.len > 0 && rest.data[0] == '/');
    rest.data++;
    rest.len--;
    while (next_segment(&rest, &segment)) {
        values += is_value(segment) ? 1 : 0;
        segments++;
        n = grow_child(n, segment);
    }
    assert(values <= ROUTE_VALUES_MAX && segments <= PATTERN_SEGMENTS_MAX);
    assert(n->routes[route->method] == NULL); /* Said twice. */
    n->routes[route->method] = route;
    n->allowed |= 1U << route->method;
}

struct router *router_new(const struct route *routes, size_t count)
{
    struct router *r = mem_zero(1, sizeof(*r));

    assert(routes != NULL || count == 0);
    for (size_t i = 0; i < count; i++) {
        add_route(r, &routes[i]);
    }
    return r;
}

/* As deep as the longest pattern. */
static void free_children(struct node *n)
{
    struct node *c = n->literals;

    while (c != NULL) {
        struct node *next = c->sibling;
        free_children(c);
        free(c);
        c = next;
    }
    if (n->any != NULL) {
        free_children(n->any);
        free(n->any);
    }
}

void router_free(struct router *r)
{
    if (r != NULL) {
        free_children(&r->root);
        free(r);
    }
}

/* Literal first, then the value; a dead end goes back to the other. Bounded
 * by the tree, whose depth is at most PATTERN_SEGMENTS_MAX. */
static const struct node *find(const struct node *n, struct str rest,
                               struct route_match *m)
{
    struct str segment = STR_NONE;
    const struct node *found = NULL;

    if (!next_segment(&rest, &segment)) {
        return n->allowed != 0 ? n : NULL;
    }
    for (const struct node *c = n->literals; c != NULL; c = c->sibling) {
        if (str_eq(c->literal, segment)) {
            found = find(c, rest, m);
            break;
        }
    }
    if (found == NULL && n->any != NULL && segment.len > 0) {
        size_t at = m->value_count;
        m->values[m->value_count++] = segment;
        found = find(n->any, rest, m);
        if (found == NULL) {
            m->value_count = at;
        }
    }
    return found;
}

struct route_match router_find(const struct router *r, enum web_method method,
                               struct str path)
{
    struct route_match m = {0};
    const struct node *n = NULL;

    assert(r != NULL);
    if (path.len == 0 || path.data[0] != '/') {
        return m;
    }
    n = find(&r->root, (struct str){path.data + 1, path.len - 1}, &m);
    if (n != NULL) {
        m.allowed = n->allowed;
        m.route = n->routes[method];
    }
    return m;
}

void router_allow(unsigned allowed, struct buf *out)
{
    static const char *const names[METHODS] = {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", NULL};
    bool first = true;

    for (size_t i = 0; i < METHODS; i++) {
        if ((allowed & (1U << i)) != 0 && names[i] != NULL) {
            buf_add(out, first ? STR("") : STR(", "));
            buf_add(out, str_of(names[i]));
            first = false;
        }
    }
}

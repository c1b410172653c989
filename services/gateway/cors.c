/* Origins, sorted; looked up under a lock that readers share. */
#include "gateway/cors.h"

#include "base/clock.h"
#include "store/organization.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define ORIGIN_MAX 300
#define LIST_BYTES 4096
#define PREFLIGHT_S "600"
#define TAKEN                                                                  \
    "X-API-Key, Content-Type, Accept, Idempotency-Key, If-Match, "             \
    "If-None-Match, X-Porter-Dry-Run, X-Request-Id, traceparent"
#define SHOWN                                                                  \
    "ETag, Link, Location, Retry-After, X-Request-Id, Server-Timing, "         \
    "Idempotency-Replayed, X-Porter-Dry-Run, RateLimit-Limit, "                \
    "RateLimit-Remaining, RateLimit-Reset, RateLimit, RateLimit-Policy"

struct cors {
    pthread_rwlock_t lock;
    struct arena *arena; /* Of the list. */
    struct cors_origin *list;
    size_t count;
    _Atomic int64_t due_us; /* Whoever moves it reads the list anew. */
};

struct cors *cors_new(void)
{
    struct cors *c = mem_zero(1, sizeof *c);

    (void)pthread_rwlock_init(&c->lock, NULL);
    return c;
}

void cors_free(struct cors *c)
{
    if (c != NULL) {
        arena_free(c->arena);
        (void)pthread_rwlock_destroy(&c->lock);
        free(c);
    }
}

/* --- the list ------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    struct str x = ((const struct cors_origin *)a)->origin;
    struct str y = ((const struct cors_origin *)b)->origin;
    int order = memcmp(x.data, y.data, MIN_OF(x.len, y.len));

    return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

/* Without PostgreSQL the list stays as it was. */
static void load(struct cors *c, struct db *db)
{
    struct arena *arena = arena_new(LIST_BYTES);
    struct cors_origin *list = NULL;
    struct err ignored = ERR_NONE; /* The request itself will tell. */
    size_t count = 0;

    if (!cors_list(db, arena, &list, &count, &ignored)) {
        arena_free(arena);
        return;
    }
    qsort(list, count, sizeof *list, compare);
    (void)pthread_rwlock_wrlock(&c->lock);
    arena_free(c->arena);
    c->arena = arena;
    c->list = list;
    c->count = count;
    (void)pthread_rwlock_unlock(&c->lock);
}

/* One thread reads; the others go by what is there. */
static void refresh(struct cors *c, struct db *db)
{
    int64_t due_us = atomic_load(&c->due_us);
    int64_t now_us = clock_steady_us();

    if (now_us >= due_us &&
        atomic_compare_exchange_strong(&c->due_us, &due_us,
                                       now_us + CORS_MEMORY_MS * US_PER_MS)) {
        load(c, db);
    }
}

/* Is it allowed by this organization (NULL: by any)? */
static bool allows(struct cors *c, struct str origin, const struct id *org_id)
{
    const struct cors_origin wanted = {.origin = origin};
    size_t low = 0;
    size_t high = 0;
    bool found = false;

    (void)pthread_rwlock_rdlock(&c->lock);
    high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&c->list[middle], &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < c->count && !found && str_eq(c->list[low].origin, origin);
         low++) {
        found = org_id == NULL || id_eq(c->list[low].org_id, *org_id);
    }
    (void)pthread_rwlock_unlock(&c->lock);
    return found;
}

/* --- answering ----------------------------------------------------------- */

static bool is_preflight(const struct web_request *req)
{
    return req->method == WEB_OPTIONS &&
           web_header_count(req, STR("Access-Control-Request-Method")) > 0;
}

void cors_answer(struct call *call)
{
    struct cors *c = call->gateway->cors;
    struct str origin = web_header(call->request, STR("Origin"));
    const struct id org_id = call_org(call);

    if (origin.len == 0 || origin.len > ORIGIN_MAX || call->is_dashboard) {
        return;
    }
    refresh(c, call->gateway->db);
    web_add_header(call->response, STR("Vary"), STR("Origin"));
    if (!allows(c, origin, call->is_known ? &org_id : NULL)) {
        return;
    }
    /* It is one of ours, character for character, so it is a clean value. */
    web_add_header(call->response, STR("Access-Control-Allow-Origin"), origin);
    if (!is_preflight(call->request)) {
        web_add_header(call->response, STR("Access-Control-Expose-Headers"),
                       STR(SHOWN));
        web_add_header(call->response, STR("Timing-Allow-Origin"), origin);
        return;
    }
    web_add_header(call->response, STR("Access-Control-Allow-Methods"),
                   STR("GET, HEAD, POST, PUT, PATCH, DELETE"));
    web_add_header(call->response, STR("Access-Control-Allow-Headers"),
                   STR(TAKEN));
    web_add_header(call->response, STR("Access-Control-Max-Age"),
                   STR(PREFLIGHT_S));
}

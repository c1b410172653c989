/* porterctl listen: reading the event log through the API, across everything
 * that passes: a restart, a limit that is reached, an overload. */
#include "porterctl/listen.h"

#include "base/clock.h"

#include <stdio.h>

#define SLICE_MS 200 /* How late a signal may be seen. */
#define RETRY_MIN_MS 500
#define RETRY_MAX_MS 8000
#define RETRY_STEPS 4           /* Doublings from the one to the other. */
#define RETRY_AFTER_S_MAX 86400 /* More is no gateway's. */
#define OK 200U
#define UNAUTHENTICATED 401U
#define FORBIDDEN 403U
#define LIMITED 429U
#define SERVER_FAULTS 500U

/* --- one request -----------------------------------------------------------
 */

static void keep_answer(void *user, const struct fetch_answer *a)
{
    struct reply *r = a->owner;

    (void)user;
    r->is_done = true;
    r->failure = a->failure;
    r->status = a->failure == FETCH_OK ? a->status : 0;
    r->retry_after_s = a->retry_after_s;
    r->total_us = a->total_us;
    (void)snprintf(r->detail, sizeof r->detail, "%s", a->detail);
    buf_clear(&r->body);
    buf_add(&r->body, a->body);
}

bool listen_ask(struct fetch *f, const struct fetch_request *request,
                struct reply *reply, struct err *err)
{
    if (!fetch_start(f, request, err)) {
        return false;
    }
    while (!reply->is_done) { /* fetch's deadline ends it. */
        fetch_wait(f, SLICE_MS, keep_answer, NULL);
    }
    return true;
}

static void nothing_came(void *user, const struct fetch_answer *a)
{
    (void)user;
    (void)a;
}

void listen_pause(struct listener *l, int64_t wait_ms)
{
    int64_t until_us = clock_steady_us() + wait_ms * US_PER_MS;
    int64_t left_us = wait_ms * US_PER_MS;

    while (listen_stop == 0 && left_us > 0) {
        int64_t left_ms = (left_us + US_PER_MS - 1) / US_PER_MS;

        fetch_wait(l->api, (unsigned)MIN_OF(left_ms, (int64_t)SLICE_MS),
                   nothing_came, NULL);
        left_us = until_us - clock_steady_us();
    }
}

/* --- what an answer means --------------------------------------------------
 */

/* The problem's own sentence; the status alone when it is none. */
static bool refuse(const struct reply *r, enum err_code code, struct err *err)
{
    struct json *problem = NULL;
    struct err ignored = ERR_NONE;
    const struct json *detail = NULL;

    if (json_read(buf_str(&r->body), &problem, &ignored) &&
        json_type(problem) == JSON_OBJECT) {
        detail = json_find(problem, "detail");
    }
    if (detail != NULL && json_type(detail) == JSON_TEXT) {
        (void)err_set(err, code, "the gateway answered %u: %.*s", r->status,
                      STR_ARGS(json_text(detail)));
    } else {
        (void)err_set(err, code, "the gateway answered %u", r->status);
    }
    json_free(problem);
    return false;
}

static bool is_page(const struct json *page)
{
    const struct json *events = NULL;
    const struct json *end = NULL;

    if (json_type(page) != JSON_OBJECT) {
        return false;
    }
    events = json_find(page, "events");
    end = json_find(page, "pagination");
    return events != NULL && json_type(events) == JSON_ARRAY && end != NULL &&
           json_type(end) == JSON_OBJECT &&
           json_find(end, "has_more") != NULL &&
           json_type(json_find(end, "has_more")) == JSON_BOOL;
}

static bool read_page(struct listener *l, const struct reply *r,
                      struct json **page, struct err *err)
{
    struct json *root = NULL;

    if (!json_read(buf_str(&r->body), &root, err) || !is_page(root)) {
        json_free(root);
        return err_set(err, ERR_INTERNAL,
                       "%.*s answers something else than an event log; is it "
                       "Porter's gateway?",
                       STR_ARGS(l->log_url));
    }
    if (l->is_away) {
        (void)fprintf(stderr, "porterctl: the gateway is back\n");
    }
    l->was_answered = true;
    l->is_away = false;
    l->retries = 0;
    *page = root;
    return true;
}

static bool wait_limited(struct listener *l, const struct reply *r)
{
    int64_t wait_s = r->retry_after_s < 1 ? 1 : r->retry_after_s;

    wait_s = MIN_OF(wait_s, (int64_t)RETRY_AFTER_S_MAX);
    (void)fprintf(stderr,
                  "porterctl: the key's limit is reached; going on in %lld s\n",
                  (long long)wait_s);
    listen_pause(l, wait_s * 1000);
    return true;
}

/* At the start it is rather a wrong URL than a restart. */
static bool wait_away(struct listener *l, const struct reply *r,
                      struct err *err)
{
    int64_t wait_ms = RETRY_MIN_MS << MIN_OF(l->retries, (unsigned)RETRY_STEPS);

    if (!l->was_answered && r->failure != FETCH_OK) {
        return err_set(err, ERR_UNAVAILABLE, "the gateway can't be asked: %s",
                       r->detail);
    }
    if (!l->is_away) {
        (void)fprintf(stderr,
                      "porterctl: the gateway is away (%s); trying again\n",
                      r->failure == FETCH_OK ? "it answers 5xx" : r->detail);
    }
    l->is_away = true;
    l->retries++;
    if (r->failure == FETCH_OK && r->retry_after_s > 0) {
        wait_ms = MAX_OF(
            wait_ms, MIN_OF(r->retry_after_s * 1000, (int64_t)RETRY_MAX_MS));
    }
    listen_pause(l, wait_ms);
    return true;
}

static bool judge(struct listener *l, const struct reply *r, struct json **page,
                  struct err *err)
{
    if (r->failure != FETCH_OK || r->status >= SERVER_FAULTS) {
        return wait_away(l, r, err);
    }
    switch (r->status) {
    case OK:
        return read_page(l, r, page, err);
    case LIMITED:
        return wait_limited(l, r);
    case UNAUTHENTICATED:
        return refuse(r, ERR_UNAUTHENTICATED, err);
    case FORBIDDEN:
        return refuse(r, ERR_FORBIDDEN, err);
    default:
        return refuse(r, ERR_INTERNAL, err);
    }
}

bool listen_read(struct listener *l, struct str query, struct json **page,
                 struct err *err)
{
    struct str url = arena_printf(l->ctl->arena, "%.*s?%.*s",
                                  STR_ARGS(l->log_url), STR_ARGS(query));
    struct reply reply = {.body = BUF_EMPTY};
    const struct fetch_request request = {
        .url = url.data,
        .headers = {l->key_line.data, "User-Agent: porterctl"},
        .header_count = 2,
        .is_get = true,
        .owner = &reply,
    };
    bool ok = listen_ask(l->api, &request, &reply, err);

    *page = NULL;
    ok = ok && (listen_stop != 0 || judge(l, &reply, page, err));
    buf_free(&reply.body);
    return ok;
}

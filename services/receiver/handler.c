/* Verify first, over the raw bytes; parse only then. */
#include "receiver/handler.h"

#include "base/clock.h"
#include "json/json.h"
#include "signature/verify.h"
#include "web/query.h"

#include <time.h>

#define CONTROL_MAX 3600000

static void answer(struct web_response *res, unsigned status, struct str body)
{
    res->status = status;
    web_add_header(res, STR("Content-Type"), STR("application/json"));
    buf_add(&res->body, body);
}

/* Any of our secrets may have signed: during a rotation there are two. */
static void verify(const struct receiver *r, const struct web_request *req,
                   struct received *got)
{
    struct str body = req->body;
    struct str porter = web_header(req, STR("X-Porter-Signature"));
    struct str id = web_header(req, STR("webhook-id"));
    struct str sent_at = web_header(req, STR("webhook-timestamp"));
    struct str standard = web_header(req, STR("webhook-signature"));
    int64_t now_s = got->received_at_us / US_PER_S;

    for (unsigned i = 0; i < r->options->secret_count; i++) {
        struct str secret = str_of(r->options->secrets[i]);
        got->signature_ok |= verify_porter(secret, body, porter);
        got->standard_ok |=
            verify_standard(secret, id, sent_at, body, standard, now_s);
    }
}

/* {"data":{"visitor":{"id":…}}}: the id of what the event is about. Valid
 * until the root is freed. */
static struct str subject_of(const struct json *root)
{
    const struct json *at = root;
    void *place = NULL;
    struct str name = STR_NONE;

    if (json_type(at) != JSON_OBJECT || (at = json_find(at, "data")) == NULL ||
        json_type(at) != JSON_OBJECT || !json_next(at, &place, &name, &at) ||
        json_type(at) != JSON_OBJECT || (at = json_find(at, "id")) == NULL ||
        json_type(at) != JSON_TEXT) {
        return STR_NONE;
    }
    return json_text(at);
}

static unsigned status_for(struct receiver *r, struct str attempt)
{
    uint64_t n = 0;

    if (str_to_u64(attempt, UINT32_MAX, &n) &&
        n <= atomic_load(&r->fail_first)) {
        return 503;
    }
    return atomic_load(&r->status);
}

static void wait_ms(unsigned ms)
{
    const struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000L};

    if (ms > 0) {
        nanosleep(&t, NULL);
    }
}

static void take_webhook(struct receiver *r, const struct web_request *req,
                         struct web_response *res)
{
    struct received got = {.received_at_us = clock_wall_us(),
                           .event_id = web_header(req, STR("webhook-id")),
                           .type = web_header(req, STR("X-Porter-Event")),
                           .delivery =
                               web_header(req, STR("X-Porter-Delivery")),
                           .attempt = web_header(req, STR("X-Porter-Attempt")),
                           .path = req->path,
                           .body = req->body};
    struct err err = ERR_NONE;
    struct json *root = NULL;

    verify(r, req, &got);
    got.status = status_for(r, got.attempt);
    if (json_read(req->body, &root, &err)) {
        got.subject = subject_of(root);
    }
    journal_add(r->journal, &got);
    json_free(root);
    wait_ms(atomic_load(&r->delay_ms));
    answer(res, got.status, STR("{\"received\":true}\n"));
}

static bool set_number(const struct json *root, const char *name, unsigned min,
                       atomic_uint *out)
{
    const struct json *v = json_find(root, name);

    if (v == NULL) {
        return true;
    }
    if (json_type(v) != JSON_INT || json_int(v) < min ||
        json_int(v) > CONTROL_MAX) {
        return false;
    }
    atomic_store(out, (unsigned)json_int(v));
    return true;
}

static void control(struct receiver *r, const struct web_request *req,
                    struct web_response *res)
{
    struct err err = ERR_NONE;
    struct json *root = NULL;
    const struct json *clear = NULL;
    atomic_uint status = atomic_load(&r->status);

    if (!json_read(req->body, &root, &err) || json_type(root) != JSON_OBJECT ||
        !set_number(root, "status", 200, &status) || status > 599 ||
        !set_number(root, "delay_ms", 0, &r->delay_ms) ||
        !set_number(root, "fail_first", 0, &r->fail_first)) {
        answer(res, 400, STR("{\"error\":\"status, delay_ms, fail_first\"}\n"));
    } else {
        atomic_store(&r->status, status);
        clear = json_find(root, "clear");
        if (clear != NULL && json_type(clear) == JSON_BOOL &&
            json_bool(clear)) {
            journal_clear(r->journal);
        }
        answer(res, 200, STR("{}\n"));
    }
    json_free(root);
}

static uint64_t parameter(const struct query *q, struct str name,
                          uint64_t otherwise)
{
    uint64_t n = 0;

    for (size_t i = 0; i < q->count; i++) {
        if (str_eq(q->params[i].name, name) &&
            str_to_u64(q->params[i].value, INT64_MAX, &n)) {
            return n;
        }
    }
    return otherwise;
}

static void list(struct receiver *r, const struct web_request *req,
                 struct web_response *res)
{
    struct query q = {.count = 0};
    struct err err = ERR_NONE;

    if (!query_read(req->query, req->arena, &q, &err)) {
        answer(res, 400, STR("{\"error\":\"query\"}\n"));
        return;
    }
    answer(res, 200, STR_NONE);
    journal_list(r->journal, parameter(&q, STR("after"), 0),
                 parameter(&q, STR("limit"), JOURNAL_KEPT), &res->body);
}

void receiver_handle(void *user, const struct web_request *req,
                     struct web_response *res)
{
    struct receiver *r = user;

    if (req->method == WEB_GET && str_eq(req->path, STR("/stats"))) {
        answer(res, 200, STR_NONE);
        journal_stats(r->journal, &res->body);
    } else if (req->method == WEB_GET && str_eq(req->path, STR("/received"))) {
        list(r, req, res);
    } else if (req->method == WEB_POST && str_eq(req->path, STR("/control"))) {
        control(r, req, res);
    } else if (req->method == WEB_POST) {
        take_webhook(r, req, res);
    } else {
        answer(res, 404, STR("{\"error\":\"POST a webhook\"}\n"));
    }
}

void receiver_refuse(void *user, enum web_refusal code, const char *detail,
                     const struct web_request *req, struct web_response *res)
{
    static const unsigned statuses[] = {400, 408, 411, 413, 431, 501, 505};

    (void)user;
    (void)req;
    answer(res, statuses[code], STR("{\"error\":\""));
    buf_add(&res->body, str_of(detail));
    BUF_ADD(&res->body, "\"}\n");
}

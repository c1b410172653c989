/* The headers of requests and answers. */
#include "gateway/openapi/parts.h"

#include <stdio.h>

#define NAME_BYTES 64

static bool on_all(const struct operation *op, unsigned status)
{
    (void)op;
    (void)status;
    return true;
}

/* The key is known by then, so the limit is told. */
static bool on_admitted(const struct operation *op, unsigned status)
{
    return describe_is_keyed(op) && status < 400;
}

/* A problem may come before the key is looked at, or after. */
static bool on_maybe_admitted(const struct operation *op, unsigned status)
{
    return describe_is_keyed(op) && status >= 400;
}

static bool on_etag(const struct operation *op, unsigned status)
{
    return (op->flags & OP_ETAG) != 0 &&
           (status == describe_status(op) || status == HTTP_NOT_MODIFIED);
}

static bool on_precondition(const struct operation *op, unsigned status)
{
    return (op->flags & OP_IF_MATCH) != 0 && status == 412;
}

/* Whenever a well-formed key was looked up. */
static bool on_keyed(const struct operation *op, unsigned status)
{
    (void)status;
    return describe_is_keyed(op);
}

/* With state-conflict. */
static bool on_conflict(const struct operation *op, unsigned status)
{
    return (op->flags & OP_IF_MATCH) != 0 && status == 409;
}

static bool on_location(const struct operation *op, unsigned status)
{
    return (op->flags & OP_LOCATION) != 0 && status == describe_status(op);
}

static bool on_list(const struct operation *op, unsigned status)
{
    return op->list_name != NULL && status == describe_status(op);
}

static bool on_retry(const struct operation *op, unsigned status)
{
    (void)op;
    return status == 429 || status == 503;
}

/* idempotency-in-progress: it is worth asking again. */
static bool on_maybe_retry(const struct operation *op, unsigned status)
{
    return describe_is_keyed(op) && op->method == WEB_POST && status == 409;
}

/* What an Idempotency-Key keeps, and so replays. */
static bool on_replay(const struct operation *op, unsigned status)
{
    return describe_is_keyed(op) && op->method == WEB_POST &&
           (status < 300 || status == 400 || status == 404 || status == 409 ||
            status == 412 || status == 415 || status == 422);
}

static bool on_dry_run(const struct operation *op, unsigned status)
{
    (void)status;
    return describe_is_keyed(op) && describe_is_write(op);
}

static bool on_unauthenticated(const struct operation *op, unsigned status)
{
    (void)op;
    return status == 401;
}

#define WHOLE "{\"type\":\"integer\",\"minimum\":0}"
#define TEXT "{\"type\":\"string\"}"
#define LIMITS(suffix, when, is_required)                                      \
    {"RateLimit-Limit" suffix,                                                 \
     "Requests that the key may make in any window.", WHOLE, when,             \
     is_required},                                                             \
        {"RateLimit-Remaining" suffix, "Requests that would be let in now.",   \
         WHOLE, when, is_required},                                            \
        {"RateLimit-Reset" suffix,                                             \
         "Seconds until the whole limit is free again.", WHOLE, when,          \
         is_required},                                                         \
        {"RateLimit" suffix, "The same three in the IETF draft's form.", TEXT, \
         when, is_required},                                                   \
    {                                                                          \
        "RateLimit-Policy" suffix,                                             \
            "The limit and its window in the IETF draft's form.", TEXT, when,  \
            is_required                                                        \
    }

/* clang-format off */
/* A name's part behind '.' only tells two components of one header apart. */
const struct header_row answer_headers[] = {
    {"X-Request-Id", "The request's id: yours, or a new one. Tell it to support.",
     "{\"type\":\"string\",\"minLength\":1,\"maxLength\":128}", on_all, true},
    LIMITS("", on_admitted, true),
    LIMITS(".known", on_maybe_admitted, false),
    {"Server-Timing", "Where the time went, in milliseconds: `auth`, `limit`, `db`.", TEXT, on_keyed, false},
    {"Retry-After", "After this many seconds a request is let in.", WHOLE, on_retry, true},
    {"Retry-After.maybe", "After this many seconds it is worth asking again.", WHOLE, on_maybe_retry, false},
    {"Idempotency-Replayed", "`true`: the answer that the first request with this `Idempotency-Key` got.",
     "{\"type\":\"string\",\"enum\":[\"true\"]}", on_replay, false},
    {"X-Porter-Dry-Run", "`true`: nothing was done.", "{\"type\":\"string\",\"enum\":[\"true\"]}", on_dry_run, false},
    {"WWW-Authenticate", "How to say who calls: `ApiKey`.", TEXT, on_unauthenticated, true},
    {"ETag", "The version of what is shown: for `If-None-Match` and, of one thing, `If-Match`.",
     "{\"type\":\"string\",\"pattern\":\"^(W/)?\\\"[^\\\"]+\\\"$\"}", on_etag, true},
    {"ETag.current", "The current version of the thing.",
     "{\"type\":\"string\",\"pattern\":\"^(W/)?\\\"[^\\\"]+\\\"$\"}", on_precondition, true},
    {"ETag.maybe", "The current version of the thing whose state forbids it.",
     "{\"type\":\"string\",\"pattern\":\"^(W/)?\\\"[^\\\"]+\\\"$\"}", on_conflict, false},
    {"Location", "The address of what was made.", "{\"type\":\"string\",\"format\":\"uri-reference\"}",
     on_location, true},
    {"Link", "`rel=\"next\"`: the next page; missing on the last.", TEXT, on_list, false},
};
const size_t answer_header_count = COUNT_OF(answer_headers);
/* clang-format on */

static bool takes_none_match(const struct operation *op, unsigned status)
{
    (void)status;
    return (op->flags & OP_ETAG) != 0 && op->method == WEB_GET;
}

static bool takes_token(const struct operation *op, unsigned status)
{
    (void)status;
    return describe_is_keyed(op) && op->method == WEB_POST;
}

static bool takes_match(const struct operation *op, unsigned status)
{
    (void)status;
    return (op->flags & OP_IF_MATCH) != 0;
}

/* clang-format off */
const struct header_row request_headers[] = {
    {"X-Request-Id", "An id of your own: it is on the answer, in the event, in the webhook's request and in our logs. "
     "Anything but 1 to 128 printable ASCII characters is replaced by a new one.", TEXT, on_all, false},
    {"traceparent", "W3C trace context. It goes on to the events and webhooks that the request causes.",
     TEXT, on_all, false},
    {"Idempotency-Key", "A new one, for example a UUID, for each new request: sent again with the same one within 24 hours, "
     "the change is made once and the answer is the first one, byte for byte.",
     "{\"type\":\"string\",\"minLength\":1,\"maxLength\":255,\"pattern\":\"^[!-~]([ -~]*[!-~])?$\"}", takes_token, false},
    {"X-Porter-Dry-Run", "`true`: check everything and answer as if, but do nothing.",
     "{\"type\":\"string\",\"enum\":[\"true\",\"false\"]}", on_dry_run, false},
    {"If-None-Match", "The `ETag` of what you have: 304 when it is still current.", TEXT, takes_none_match, false},
    {"If-Match", "The `ETag` of what you have seen: 412 when it has changed since.", TEXT, takes_match, false},
};
const size_t request_header_count = COUNT_OF(request_headers);
/* clang-format on */

/* "ETag" of "ETag.current" */
static struct str bare_name(const struct header_row *row)
{
    struct str rest = str_of(row->name);
    struct str name = STR_NONE;

    (void)str_split(&rest, '.', &name);
    return name;
}

void part_text(struct json_writer *w, const char *name, const char *text)
{
    if (text != NULL) {
        json_key(w, str_of(name));
        json_add_text(w, str_of(text));
    }
}

void part_ref(struct json_writer *w, const char *kind, struct str name)
{
    struct buf ref = BUF_EMPTY;

    buf_addf(&ref, "#/components/%s/%.*s", kind, STR_ARGS(name));
    json_object_begin(w);
    part_text(w, "$ref", buf_cstr(&ref));
    json_object_end(w);
    buf_free(&ref);
}

void part_object(struct json_writer *w, const char *name)
{
    json_key(w, str_of(name));
    json_object_begin(w);
}

void part_array(struct json_writer *w, const char *name)
{
    json_key(w, str_of(name));
    json_array_begin(w);
}

void part_example(const struct json *value, struct json_writer *w)
{
    if (value != NULL) {
        json_key(w, STR("example"));
        json_add_value(w, value);
    }
}

void parts_write_headers(struct json_writer *w)
{
    part_object(w, "headers");
    for (size_t i = 0; i < answer_header_count; i++) {
        const struct header_row *row = &answer_headers[i];

        part_object(w, row->name);
        part_text(w, "description", row->help);
        if (row->required) {
            json_key(w, STR("required"));
            json_add_bool(w, true);
        }
        json_key(w, STR("schema"));
        json_add_raw(w, str_of(row->schema));
        json_object_end(w);
    }
    json_object_end(w);
}

void parts_write_parameters(struct json_writer *w)
{
    part_object(w, "parameters");
    for (size_t i = 0; i < request_header_count; i++) {
        const struct header_row *row = &request_headers[i];

        part_object(w, row->name);
        part_text(w, "name", row->name);
        part_text(w, "in", "header");
        part_text(w, "description", row->help);
        json_key(w, STR("schema"));
        json_add_raw(w, str_of(row->schema));
        json_object_end(w);
    }
    json_object_end(w);
}

void parts_write_taken(const struct operation *op, struct json_writer *w)
{
    for (size_t i = 0; i < request_header_count; i++) {
        if (request_headers[i].on(op, 0)) {
            part_ref(w, "parameters", str_of(request_headers[i].name));
        }
    }
}

void parts_write_answered(const struct operation *op, unsigned status,
                          struct json_writer *w)
{
    part_object(w, "headers");
    for (size_t i = 0; i < answer_header_count; i++) {
        const struct header_row *row = &answer_headers[i];

        if (row->on(op, status)) {
            json_key(w, bare_name(row));
            part_ref(w, "headers", str_of(row->name));
        }
    }
    json_object_end(w);
}

/* What handlers do with a call: read, refuse, answer. */
#include "gateway/call.h"

#include "base/clock.h"
#include "base/codec.h"
#include "crypt/crypt.h"
#include "gateway/params.h"
#include "gateway/routes.h"
#include "json/json.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define ETAG_MAX 32
#define TAG_BYTES 12 /* Of a hash: enough to tell versions apart. */

const struct str JSON_TYPE = {"application/json", 16};
const struct str PROBLEM_TYPE = {"application/problem+json", 24};
const struct str HTML_TYPE = {"text/html; charset=utf-8", 24};

bool call_refuse(struct call *call, enum problem problem, struct err *err,
                 const char *format, ...)
{
    va_list args;

    assert(problem != PROBLEM_NONE);
    call->problem = problem;
    err->code = ERR_INVALID; /* The problem says more than any code. */
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return false;
}

struct faults *call_faults(struct call *call)
{
    if (call->faults == NULL) {
        call->faults = arena_take(call->arena, sizeof *call->faults);
        faults_init(call->faults, call->arena);
    }
    return call->faults;
}

bool call_refuse_faults(struct call *call, enum problem problem,
                        struct err *err)
{
    size_t count = call->faults->count;
    const struct fault *first = &call->faults->list[0];

    assert(count > 0);
    if (count == 1) {
        return call_refuse(
            call, problem, err, "%.*s%s%.*s", STR_ARGS(first->field),
            first->field.len > 0                   ? ": "
            : problem == PROBLEM_INVALID_PARAMETER ? "the query string "
                                                   : "the body ",
            STR_ARGS(first->detail));
    }
    return call_refuse(call, problem, err,
                       "%zu things are wrong; `errors` lists them%s", count,
                       count > FAULTS_MAX ? " (the first ones)" : "");
}

bool call_refuse_state(struct call *call, struct str status, int64_t updated_us,
                       struct err *err)
{
    call->current = (struct problem_current){status, updated_us, STR_NONE};
    return call_refuse(call, PROBLEM_STATE_CONFLICT, err,
                       "it is %.*s, and this does not lead on from there",
                       STR_ARGS(status));
}

bool call_path_id(const struct call *call, enum id_kind kind, struct id *out,
                  struct err *err)
{
    return call_path_id_at(call, 0, kind, out, err);
}

bool call_path_id_at(const struct call *call, size_t place, enum id_kind kind,
                     struct id *out, struct err *err)
{
    assert(place < call->match.value_count);
    if (id_read(kind, call->match.values[place], out)) {
        return true;
    }
    return err_set(err, ERR_NOT_FOUND,
                   "there is nothing with this id; it would look like %s_ and "
                   "%d characters",
                   id_prefix(kind), ID_BODY_LEN);
}

bool call_no_params(struct call *call, struct err *err)
{
    static const struct param_table none = {NULL, 0};
    struct query *query = NULL;

    if (call->request->query.len == 0) {
        return true;
    }
    query = arena_take(call->arena, sizeof *query);
    if (!query_read(call->request->query, call->arena, query, err)) {
        return false;
    }
    if (!params_read(&none, query, call_faults(call), NULL)) {
        return call_refuse_faults(call, PROBLEM_INVALID_PARAMETER, err);
    }
    return true;
}

int64_t call_time_us(const Google__Protobuf__Timestamp *t)
{
    return t == NULL ? 0 : t->seconds * US_PER_S + t->nanos / 1000;
}

int64_t call_seconds(int64_t ms)
{
    return (ms + MS_PER_S - 1) / MS_PER_S;
}

/* Is there a charset other than UTF-8? It may be quoted. */
static bool is_other_charset(struct str param)
{
    struct str name = STR_NONE;

    if (!str_split(&param, '=', &name) ||
        !str_eq_ci(str_trim(name), STR("charset"))) {
        return false;
    }
    param = str_trim(param);
    return !str_eq_ci(param, STR("utf-8")) &&
           !str_eq_ci(param, STR("\"utf-8\""));
}

/* "application/json", with or without parameters. */
static bool is_json(struct str type)
{
    struct str rest = type;
    struct str part = STR_NONE;

    if (!str_split(&rest, ';', &part) ||
        !str_eq_ci(str_trim(part), STR("application/json"))) {
        return false;
    }
    while (str_split(&rest, ';', &part)) {
        if (is_other_charset(part)) {
            return false;
        }
    }
    return true;
}

/* Said at most once, and JSON; or not said, and no body. */
static bool is_readable(const struct call *call)
{
    const struct web_request *req = call->request;

    switch (web_header_count(req, STR("Content-Type"))) {
    case 0:
        return req->body.len == 0;
    case 1:
        return is_json(web_header(req, STR("Content-Type")));
    default:
        return false;
    }
}

bool call_body(struct call *call, struct json **root, struct err *err)
{
    struct str body = call->request->body;

    if (!is_readable(call)) {
        return call_refuse(call, PROBLEM_MEDIA_TYPE, err,
                           "send the body with one Content-Type: "
                           "application/json, in UTF-8");
    }
    if (web_header_count(call->request, STR("Content-Encoding")) > 0) {
        return call_refuse(call, PROBLEM_MEDIA_TYPE, err,
                           "send the body as it is, without Content-Encoding");
    }
    if (str_trim(body).len == 0) {
        return call_refuse(call, PROBLEM_MALFORMED_REQUEST, err,
                           "a body is required: a JSON object");
    }
    return json_read(body, root, err);
}

bool call_input_more(struct call *call, call_more_fn *more,
                     ProtobufCMessage **out, struct err *err)
{
    const struct rule_table *rules = call->operation->rules();
    struct json *body = NULL;
    bool ok = false;

    if (call->request->body.len == 0 &&
        (call->operation->flags & OP_BODY_OPTIONAL) != 0) {
        *out = message_new(rules->type, call->arena);
        return true;
    }
    if (!call_body(call, &body, err)) {
        return false;
    }
    ok = rules_read(rules, body, call->now_us, call->arena, call_faults(call),
                    out);
    if (!ok && (more == NULL || json_type(body) != JSON_OBJECT ||
                more(call, body, err))) {
        (void)call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
    }
    json_free(body);
    return ok;
}

bool call_input(struct call *call, ProtobufCMessage **out, struct err *err)
{
    return call_input_more(call, NULL, out, err);
}

void call_set_time(struct call *call, ProtobufCMessage *message,
                   const char *field, int64_t at_us)
{
    message_set_time(message_find(message, str_of(field), call->arena), at_us,
                     call->arena);
}

struct cause call_cause(struct call *call)
{
    return (struct cause){
        .org_id = call_org(call),
        .request_id = call->request_id,
        .traceparent =
            arena_str(call->arena, str_of(traceparent_text(call->trace).data)),
        .event_id = id_new(),
    };
}

struct author call_author(struct call *call)
{
    struct id_text who =
        call->person != NULL
            ? id_text(ID_USER, call->person->user_id)
            : id_text(ID_KEY, call->admission.principal.key_id);

    return (struct author){.actor = arena_str(call->arena, str_of(who.data)),
                           .request_id = call->request_id,
                           .address = call->request->remote};
}

char *call_actor(struct call *call, char *sent)
{
    return sent[0] != '\0' ? sent
                           : arena_cstr(call->arena, call_author(call).actor);
}

void call_answer(struct call *call, unsigned status, struct str content_type)
{
    call->is_answered = true;
    call->response->status = status;
    if (content_type.len > 0) {
        web_add_header(call->response, STR("Content-Type"), content_type);
    }
}

bool call_reply(struct call *call, unsigned status,
                const ProtobufCMessage *message)
{
    struct json_writer w = json_writer(&call->response->body);

    call_answer(call, status, JSON_TYPE);
    message_write_json(message, &w);
    return true;
}

/* Weak: the same version of the thing, not the same bytes. */
static struct str tag_of(int64_t updated_us, char text[ETAG_MAX])
{
    (void)snprintf(text, ETAG_MAX, "W/\"%llx\"",
                   (unsigned long long)updated_us);
    return str_of(text);
}

/* A tag without the mark of weakness. */
static struct str opaque(struct str tag)
{
    if (str_starts(tag, STR("W/"))) {
        return (struct str){tag.data + 2, tag.len - 2};
    }
    return tag;
}

static bool list_has_tag(struct str list, struct str tag)
{
    struct str part = STR_NONE;

    if (str_eq(str_trim(list), STR("*"))) { /* Alone, not one of a list. */
        return true;
    }
    while (str_split(&list, ',', &part)) {
        if (str_eq(opaque(str_trim(part)), opaque(tag))) {
            return true;
        }
    }
    return false;
}

/* If-Match and If-None-Match: lists of tags, or "*". Weak and strong compare
 * alike: our tags name versions, and those are what callers mean. */
static bool has_tag(const struct call *call, struct str name, struct str tag)
{
    const struct web_request *req = call->request;

    for (size_t i = 0; i < req->header_count; i++) {
        if (str_eq_ci(req->headers[i].name, name) &&
            list_has_tag(req->headers[i].value, tag)) {
            return true;
        }
    }
    return false;
}

void call_version(struct call *call, int64_t updated_us)
{
    char text[ETAG_MAX];

    web_add_header(call->response, STR("ETag"), tag_of(updated_us, text));
}

bool call_is_unchanged(struct call *call, int64_t updated_us)
{
    char text[ETAG_MAX];

    call_version(call, updated_us);
    if (!has_tag(call, STR("If-None-Match"), tag_of(updated_us, text))) {
        return false;
    }
    call_answer(call, HTTP_NOT_MODIFIED, STR_NONE);
    return true;
}

bool call_has_tag(struct call *call, struct str tag)
{
    web_add_header(call->response, STR("ETag"), tag);
    if (!has_tag(call, STR("If-None-Match"), tag)) {
        return false;
    }
    call_answer(call, HTTP_NOT_MODIFIED, STR_NONE);
    return true;
}

void call_tag_of(struct sha256 hash, struct buf *out)
{
    char hex[2 * TAG_BYTES + 1];

    hex_write(hash.bytes, TAG_BYTES, hex);
    buf_addf(out, "W/\"%s\"", hex);
}

bool call_reply_written(struct call *call)
{
    struct buf *body = &call->response->body;
    struct buf tag = BUF_EMPTY;
    bool has_it = false;

    call_tag_of(crypt_fingerprint(&call->gateway->tag_secret, buf_str(body)),
                &tag);
    has_it = call_has_tag(call, buf_str(&tag));
    if (has_it) {
        buf_clear(body);
    } else {
        call_answer(call, HTTP_OK, JSON_TYPE);
    }
    buf_free(&tag);
    return has_it;
}

bool call_reply_tagged(struct call *call, const ProtobufCMessage *message)
{
    struct json_writer w = json_writer(&call->response->body);

    message_write_json(message, &w);
    (void)call_reply_written(call);
    return true;
}

bool call_if_match(struct call *call, int64_t updated_us, struct err *err)
{
    char text[ETAG_MAX];
    struct str tag = tag_of(updated_us, text);

    if (web_header_count(call->request, STR("If-Match")) == 0 ||
        has_tag(call, STR("If-Match"), tag)) {
        return true;
    }
    web_add_header(call->response, STR("ETag"), tag);
    return call_refuse(
        call, PROBLEM_PRECONDITION_FAILED, err,
        "If-Match does not name the version it is at, whose ETag is "
        "%.*s: it has changed since, or was never at that",
        STR_ARGS(tag));
}

void call_caused(struct call *call, const struct cause *cause,
                 struct id subject)
{
    call->wakes |= 1U << event_shard(subject);
    call->event_id = cause->event_id;
}

void call_hand(struct call *call, const struct outbox_row *row,
               int64_t began_us)
{
    struct outbox_row *copy = arena_take(call->arena, sizeof *copy);

    assert(call->handed == NULL);
    *copy = *row;
    call->handed = copy;
    call->event_id = row->id;
    call->handed_began_us = began_us;
}

void call_forget_changes(struct call *call)
{
    call->wakes = 0;
    call->handed = NULL;
    call->event_id = (struct id){{0}};
    call->noted = NULL;
}

void call_header(struct call *call, struct str name, struct str value)
{
    if (!str_has_control(value, "")) {
        web_add_header(call->response, name, value);
    }
}

/* A name, an address or one in brackets, and perhaps a port. */
static bool is_plain_host(struct str host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':' ||
              c == '[' || c == ']')) {
            return false;
        }
    }
    return host.len > 0 && host.len <= 260;
}

struct str call_base_url(const struct call *call)
{
    struct str host = web_header(call->request, STR("Host"));
    const char *public_url = call->gateway->settings.public_url;

    if (public_url != NULL && public_url[0] != '\0') {
        return str_of(public_url);
    }
    if (!is_plain_host(host)) {
        return STR("");
    }
    return arena_printf(call->arena, "https://%.*s", STR_ARGS(host));
}

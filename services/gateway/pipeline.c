/* Road steps 2 to 6: the steps that every request takes, as one array. It has
 * its id and its trace before (pipeline_call).
 *
 * A step either lets the call go on or says why not. Once the call is answered
 * or refused the steps in the middle are passed over; those marked ALWAYS run
 * in any case: they give its answer the ending that all answers have. */
#include "gateway/pipeline.h"

#include "base/clock.h"
#include "gateway/accept.h"
#include "gateway/answer.h"
#include "gateway/calls.h"
#include "gateway/cors.h"
#include "gateway/dashboard/door.h"
#include "gateway/load.h"
#include "gateway/routes.h"
#include "gateway/screens.h"
#include "gateway/spans.h"
#include "gateway/trace.h"
#include "gateway/transact.h"
#include "gateway/usage.h"
#include "log/log.h"

#include <assert.h>
#include <stdio.h>

#define LOG_FIELDS_MAX 16

typedef bool step_fn(struct call *call, struct err *err);

static step_fn route, negotiate, authenticate, check_scope, handle;
static step_fn wake_relay, write_problem, pack, write_limits, write_cors;
static step_fn write_fixed, write_log, count, leave;

enum when { NORMALLY, ALWAYS };

static const struct step {
    step_fn *run;
    enum when when;
} steps[] = {
    {screens_serve, NORMALLY},  /* the dashboard's files, to anybody */
    {route, NORMALLY},          /* which operation; 404, 405, OPTIONS */
    {door_guard, NORMALLY},     /* the dashboard: did its page ask; 403 */
    {negotiate, NORMALLY},      /* is JSON acceptable; 406 */
    {load_enter, NORMALLY},     /* is there room for it; 503 */
    {authenticate, NORMALLY},   /* key and limit, one round trip; 401, 429 */
    {load_enter_key, NORMALLY}, /* is there room for one more of this key */
    {check_scope, NORMALLY},    /* may this key do it; 403 */
    {handle, NORMALLY},         /* the operation itself */
    {wake_relay, ALWAYS},       /* what was changed is durable: send it on */
    {write_problem, ALWAYS},    /* what went wrong, if anything */
    {pack, ALWAYS},             /* gzip, when it is large */
    {write_limits, ALWAYS},     /* RateLimit-* */
    {write_cors, ALWAYS},       /* may this page read it */
    {write_fixed, ALWAYS},      /* X-Request-Id, Server-Timing, security */
    {write_log, ALWAYS},        /* one line */
    {count, ALWAYS},            /* metrics */
    {spans_request, ALWAYS},    /* traces */
    {leave, ALWAYS},            /* one less under way */
};

/* --- before -------------------------------------------------------------- */

static unsigned with_implied(unsigned allowed)
{
    if ((allowed & 1U << WEB_GET) != 0) {
        allowed |= 1U << WEB_HEAD;
    }
    return allowed | 1U << WEB_OPTIONS;
}

static void add_allow(struct call *call)
{
    struct buf allow = BUF_EMPTY;

    router_allow(with_implied(call->match.allowed), &allow);
    web_add_header(call->response, STR("Allow"), buf_str(&allow));
    buf_free(&allow);
}

static bool route(struct call *call, struct err *err)
{
    const struct web_request *req = call->request;
    enum web_method method = req->method == WEB_HEAD ? WEB_GET : req->method;

    if (!door_find(call, method)) {
        call->match = router_find(call->gateway->router, method, req->path);
    }
    if (call->match.route != NULL) {
        call->operation = call->match.route->row;
        return true;
    }
    if (call->match.allowed == 0) {
        return call_refuse(call, PROBLEM_NOT_FOUND, err,
                           "there is no such address");
    }
    add_allow(call);
    if (method == WEB_OPTIONS) {
        call_answer(call, HTTP_NO_CONTENT, STR_NONE);
        return true;
    }
    return call_refuse(call, PROBLEM_METHOD_NOT_ALLOWED, err,
                       "this address takes other methods; see Allow");
}

static bool negotiate(struct call *call, struct err *err)
{
    const struct web_request *req = call->request;
    bool is_said = false;

    if ((call->operation->flags & OP_HTML) != 0) {
        return true;
    }
    for (size_t i = 0; i < req->header_count; i++) {
        if (!str_eq_ci(req->headers[i].name, STR("Accept"))) {
            continue;
        }
        if (accept_takes_json(req->headers[i].value)) {
            return true;
        }
        is_said = is_said || req->headers[i].value.len > 0;
    }
    if (!is_said) {
        return true;
    }
    return call_refuse(call, PROBLEM_NOT_ACCEPTABLE, err,
                       "this address answers with application/json, which "
                       "Accept rules out");
}

/* The one header that says who calls; a key is nowhere else looked for. */
static bool find_key(struct call *call, struct str *key, struct err *err)
{
    size_t times = web_header_count(call->request, STR("X-API-Key"));
    char hint[160];

    if (times == 0) {
        bool has_other =
            web_header_count(call->request, STR("Authorization")) > 0;

        return call_refuse(call, PROBLEM_KEY_MISSING, err, "%s",
                           has_other ? "send the API key in the X-API-Key "
                                       "header, not in Authorization"
                                     : "send the API key in the X-API-Key "
                                       "header");
    }
    if (times > 1) {
        return call_refuse(call, PROBLEM_KEY_MALFORMED, err,
                           "send exactly one X-API-Key header");
    }
    *key = str_trim(web_header(call->request, STR("X-API-Key")));
    if (!key_is_well_formed(*key, hint)) {
        return call_refuse(call, PROBLEM_KEY_MALFORMED, err, "%s", hint);
    }
    return true;
}

static bool authenticate(struct call *call, struct err *err)
{
    bool is_counted = (call->operation->flags & OP_UNCOUNTED) == 0;
    int64_t began_us = clock_steady_us();
    struct str key = STR_NONE;
    struct admit_request request;

    if ((call->operation->flags & OP_OPEN) != 0) {
        return true;
    }
    if (call->is_dashboard) {
        return door_admit(call, err);
    }
    if (!find_key(call, &key, err)) {
        return false;
    }
    call->key_hash = key_hash(key);
    request = (struct admit_request){.hash = call->key_hash,
                                     .is_counted = is_counted,
                                     .remote = call->request->remote};
    if (!admit_check(call->gateway->admit, &request, call->arena,
                     &call->admission, err)) {
        return false;
    }
    call->admit_us = MAX_OF(clock_steady_us() - began_us, 1);
    switch (call->admission.verdict) {
    case ADMIT_UNKNOWN:
        return call_refuse(call, PROBLEM_KEY_INVALID, err,
                           "no live key is like this one");
    case ADMIT_SLOWED:
        return call_refuse(call, PROBLEM_UNKNOWN_KEYS, err,
                           "too many unknown API keys came from your address; "
                           "wait %lld s",
                           (long long)call_seconds(call->admission.retry_ms));
    case ADMIT_LIMITED:
        call->is_known = true;
        usage_limited(call->gateway->usage, call->key_hash,
                      &call->admission.principal, call->now_us);
        return call_refuse(call, PROBLEM_RATE_LIMITED, err,
                           "the key's %u requests of the last 60 seconds are "
                           "used up; wait %lld s",
                           call->admission.limit,
                           (long long)call_seconds(call->admission.retry_ms));
    case ADMIT_YES:
        break;
    }
    call->is_known = true;
    return true;
}

static const char *scope_name(unsigned scope)
{
    for (size_t i = 0; i < KEY_SCOPE_COUNT; i++) {
        if (scope == 1U << i) {
            return key_scope_words[i];
        }
    }
    return "another";
}

static bool check_scope(struct call *call, struct err *err)
{
    unsigned need = call->operation->scope;

    if (call->is_dashboard) {
        return door_check(call, err);
    }
    if ((call->admission.principal.scopes & need) == need) {
        return true;
    }
    return call_refuse(call, PROBLEM_SCOPE_MISSING, err,
                       "the key lacks the scope %s", scope_name(need));
}

static bool handle(struct call *call, struct err *err)
{
    int64_t before_us = db_thread_us();
    bool ok = transact_handle(call, err);

    call->db_us = db_thread_us() - before_us;
    assert(!ok || call->is_answered);
    return ok;
}

/* --- after --------------------------------------------------------------- */

static bool wake_relay(struct call *call, struct err *err)
{
    (void)err;
    if (call->handed != NULL) {
        relay_hand(call->gateway->relay, call->handed, call->handed_began_us);
    }
    for (unsigned shard = 0; call->wakes >> shard != 0; shard++) {
        if ((call->wakes >> shard & 1U) != 0) {
            relay_wake(call->gateway->relay, shard);
        }
    }
    return true;
}

static bool write_problem(struct call *call, struct err *err)
{
    answer_problem(call, err);
    return true;
}

static bool write_limits(struct call *call, struct err *err)
{
    (void)err;
    answer_limits(call);
    return true;
}

static bool pack(struct call *call, struct err *err)
{
    (void)err;
    answer_pack(call);
    return true;
}

static bool write_cors(struct call *call, struct err *err)
{
    (void)err;
    cors_answer(call);
    return true;
}

static bool write_fixed(struct call *call, struct err *err)
{
    (void)err;
    answer_fixed(call);
    return true;
}

/* Never the key, a query's values, or a body. */
static bool write_log(struct call *call, struct err *err)
{
    unsigned status = call->response->status;
    struct principal who = call->admission.principal;
    struct id_text org = id_text(ID_ORGANIZATION, who.org_id);
    struct id_text key = id_text(ID_KEY, who.key_id);
    struct id_text user = id_text(
        ID_USER, call->person != NULL ? call->person->user_id : who.key_id);
    const struct operation *op = call->operation;
    struct trace_id_text trace = trace_id_text(call->trace.id);
    struct log_field fields[LOG_FIELDS_MAX];
    size_t n = 0;

    fields[n++] = LOG_STR("request_id", call->request_id);
    fields[n++] = LOG_TEXT("trace_id", trace.data);
    fields[n++] = LOG_STR("method", call->request->method_text);
    fields[n++] = LOG_TEXT("route", op != NULL ? op->pattern : NULL);
    fields[n++] = LOG_INT("status", status);
    fields[n++] =
        LOG_INT("took_us", clock_steady_us() - call->request->began_us);
    fields[n++] = LOG_INT("admit_us", call->admit_us);
    fields[n++] = LOG_INT("db_us", call->db_us);
    fields[n++] = LOG_STR("remote", call->request->remote);
    if (!str_eq(call->request->peer, call->request->remote)) {
        fields[n++] = LOG_STR("proxy", call->request->peer);
    }
    fields[n++] = LOG_INT("bytes_in", call->request->body.len);
    fields[n++] = LOG_INT("bytes_out", call->response->body.len);
    if (call->is_known || call->person != NULL) {
        fields[n++] = LOG_TEXT("org", org.data);
        fields[n++] = call->person != NULL ? LOG_TEXT("person", user.data)
                                           : LOG_TEXT("key", key.data);
    }
    if (call->is_dashboard) {
        fields[n++] = LOG_TEXT("door", "dashboard");
    }
    if (call->problem == PROBLEM_NONE) {
        log_write(LOG_INFO, "request.answered", fields, n);
        return true;
    }
    fields[n++] = LOG_TEXT("problem", problem_row(call->problem)->name);
    assert(n <= LOG_FIELDS_MAX);
    if (problem_is_ours(call->problem)) {
        log_err(LOG_ERROR, "request.failed", err, fields, n);
    } else {
        log_write(LOG_INFO, "request.refused", fields, n);
    }
    return true;
}

/* For the key's own list of what it was used for. */
static void note_call(const struct call *call)
{
    const struct call_note note = {
        .org_id = call->admission.principal.org_id,
        .key_id = call->admission.principal.key_id,
        .at_us = call->now_us,
        .took_us = clock_steady_us() - call->request->began_us,
        .status = call->response->status,
        .method = call->request->method_text,
        .path = call->request->path,
        .address = call->request->remote,
        .request_id = call->request_id,
        .event_id = call->event_id,
    };

    calls_note(call->gateway->calls, &note);
}

static bool count(struct call *call, struct err *err)
{
    const bool has_waited =
        call->operation != NULL && (call->operation->flags & OP_WAITS) != 0;
    const struct answer_facts facts = {
        .route = call->operation == NULL ? SIZE_MAX
                 : call->is_dashboard    ? ROUTE_DASHBOARD
                                         : routes_index(call->operation),
        .status = call->response->status,
        .is_keys_doing = call->is_shed_by_key,
        .problem = call->problem,
        .took_us = has_waited ? call->db_us
                              : clock_steady_us() - call->request->began_us,
        .trace = tracer_recorded(call->gateway->tracer, call->trace),
        .admit_us = call->admit_us,
        .verdict = call->admission.verdict,
    };

    (void)err;
    gateway_metrics_answer(call->gateway->metrics, &facts);
    if (call->is_known) {
        note_call(call);
    }
    return true;
}

static bool leave(struct call *call, struct err *err)
{
    (void)err;
    load_leave(call);
    return true;
}

/* --- the two doors ------------------------------------------------------- */

static void run(struct call *call, struct err *err)
{
    bool goes_on = err->code == ERR_OK;

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        if (steps[i].when == ALWAYS) {
            (void)steps[i].run(call, err);
        } else if (goes_on) {
            goes_on = steps[i].run(call, err) && !call->is_answered;
        }
    }
}

struct call pipeline_call(struct gateway *g, const struct web_request *req,
                          struct web_response *res)
{
    struct str given = web_header(req, STR("X-Request-Id"));
    struct call call = {
        .gateway = g,
        .db = g->db,
        .request = req,
        .response = res,
        .arena = req->arena,
        .now_us = clock_wall_us(),
        .request_id = trace_request_id(given, req->arena),
    };

    spans_begin(&call);
    return call;
}

void pipeline_handle(void *user, const struct web_request *req,
                     struct web_response *res)
{
    struct call call = pipeline_call(user, req, res);
    struct err err = ERR_NONE;

    run(&call, &err);
}

void pipeline_problem(struct call *call, enum problem problem,
                      const char *detail)
{
    struct err err = ERR_NONE;

    (void)call_refuse(call, problem, &err, "%s", detail);
    run(call, &err);
}

void pipeline_refuse(void *user, enum web_refusal code, const char *detail,
                     const struct web_request *req, struct web_response *res)
{
    struct call call = pipeline_call(user, req, res);

    pipeline_problem(&call, problem_of_refusal(code), detail);
}

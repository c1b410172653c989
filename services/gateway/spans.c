/* What a request and a record tell of themselves.
 *
 * Names and keys are those of OpenTelemetry's conventions where there are any,
 * else ours (porter.…). Never a path or a query (they may hold what opens
 * something: the route tells enough), a key, an address or a body. */
#include "gateway/spans.h"

#include "base/clock.h"
#include "gateway/routes.h"
#include "gateway/trace.h"

#include <stdio.h>

#define SERVER_ERROR 500
#define TOPIC_BYTES 64
#define NAME_BYTES 80

/* --- requests ------------------------------------------------------------ */

void spans_begin(struct call *call)
{
    struct str given = web_header(call->request, STR("traceparent"));

    call->trace = trace_begin(given, &call->trace_parent);
    if (call->trace_parent == 0) {
        call->trace = tracer_begin(call->gateway->tracer, call->trace);
    }
}

/* Any word may stand for the method; few shall be names. */
static struct str method_of(const struct call *call)
{
    return call->request->method == WEB_OTHER ? STR("_OTHER")
                                              : call->request->method_text;
}

static void add_request(struct span *s, const struct call *call)
{
    const struct operation *op = call->operation;

    span_text(s, "http.request.method", method_of(call));
    span_text(s, "http.route", op != NULL ? str_of(op->pattern) : STR_NONE);
    span_text(s, "url.scheme", STR("https"));
    span_number(s, "http.response.status_code",
                (int64_t)call->response->status);
    span_text(s, "porter.request_id", call->request_id);
    span_number(s, "porter.admit_us", call->admit_us);
    span_number(s, "porter.db_us", call->db_us);
}

bool spans_request(struct call *call, struct err *err)
{
    int64_t took_us = clock_steady_us() - call->request->began_us;
    struct id_text org;
    struct span s = {.trace = call->trace,
                     .parent = call->trace_parent,
                     .kind = SPAN_SERVER,
                     .name = method_of(call)};

    (void)err;
    if (!tracer_wants(call->gateway->tracer, call->trace)) {
        return true;
    }
    if (call->operation != NULL) {
        s.name = arena_printf(call->arena, "%.*s %s", STR_ARGS(s.name),
                              call->operation->pattern);
    }
    s.end_us = clock_wall_us();
    s.start_us = s.end_us - took_us;
    add_request(&s, call);
    if (call->is_known || call->person != NULL) {
        span_public_id(&s, "porter.organization_id", &org, ID_ORGANIZATION,
                       call_org(call));
    }
    if (call->problem != PROBLEM_NONE) {
        struct str problem = str_of(problem_row(call->problem)->name);

        span_text(&s, "porter.problem", problem);
        if (call->response->status >= SERVER_ERROR) {
            span_text(&s, "error.type", problem);
            s.error = problem;
        }
    }
    tracer_add(call->gateway->tracer, &s);
    return true;
}

void spans_sample(struct call *call, const struct delivery *d)
{
    struct id_text event, webhook, org;
    struct span s = {
        .trace =
            trace_at(call->trace, trace_span_of(d->event_id, TRACE_PROCESSING)),
        .parent = call->trace.span,
        .kind = SPAN_PRODUCER,
        .name = STR("create sample"),
        .start_us = call->now_us,
    };

    if (!tracer_wants(call->gateway->tracer, call->trace) ||
        call_is_dry_run(call)) {
        return;
    }
    s.end_us = clock_wall_us();
    span_public_id(&s, "porter.event_id", &event, ID_EVENT, d->event_id);
    span_text(&s, "porter.event_type", d->event_type);
    span_public_id(&s, "porter.webhook_id", &webhook, ID_WEBHOOK,
                   d->webhook_id);
    span_public_id(&s, "porter.organization_id", &org, ID_ORGANIZATION,
                   d->org_id);
    span_text(&s, "porter.request_id", call->request_id);
    tracer_add(call->gateway->tracer, &s);
}

/* --- records ------------------------------------------------------------- */

/* Is the row's trace recorded? */
static bool is_wanted(const struct tracer *t, const struct outbox_row *row,
                      struct trace *out)
{
    return t != NULL && traceparent_read(row->traceparent, out) &&
           tracer_wants(t, *out);
}

struct str spans_onward(const struct tracer *t, const struct outbox_row *row,
                        struct arena *arena)
{
    struct trace trace;

    if (!is_wanted(t, row, &trace)) {
        return row->traceparent;
    }
    trace.span = trace_span_of(row->id, TRACE_SENDING);
    return arena_str(arena, str_of(traceparent_text(trace).data));
}

void spans_sent(struct tracer *t, const struct outbox_row *row, int64_t sent_us)
{
    char topic[TOPIC_BYTES];
    char name[NAME_BYTES];
    struct id_text event, org;
    struct trace trace;
    struct span s = {.kind = SPAN_PRODUCER, .end_us = clock_wall_us()};

    if (!is_wanted(t, row, &trace)) {
        return;
    }
    (void)snprintf(topic, sizeof topic, "porter.%.*s.v1",
                   STR_ARGS(row->aggregate));
    (void)snprintf(name, sizeof name, "send %s", topic);
    s.name = str_of(name);
    s.trace = trace_at(trace, trace_span_of(row->id, TRACE_SENDING));
    s.parent = trace.span;
    s.start_us = s.end_us - (clock_steady_us() - sent_us);
    span_text(&s, "messaging.system", STR("kafka"));
    span_text(&s, "messaging.operation.name", STR("send"));
    span_text(&s, "messaging.operation.type", STR("send"));
    span_text(&s, "messaging.destination.name", str_of(topic));
    span_text(&s, "messaging.kafka.message.key", row->subject);
    span_number(&s, "messaging.message.body.size", (int64_t)row->payload.len);
    span_public_id(&s, "porter.event_id", &event, ID_EVENT, row->id);
    span_text(&s, "porter.event_type", row->type);
    span_public_id(&s, "porter.organization_id", &org, ID_ORGANIZATION,
                   row->org_id);
    span_text(&s, "porter.request_id", row->request_id);
    tracer_add(t, &s);
}

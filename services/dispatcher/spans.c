/* What a record and an attempt tell of themselves.
 *
 * Names and keys are those of OpenTelemetry's conventions where there are any,
 * else ours (porter.…). Of an endpoint only host and port: what is behind them
 * in a URL is often a secret. Never a header or a body. */
#include "dispatcher/spans.h"

#include "dispatcher/facts.h"

#include "base/clock.h"
#include "trace/tracer.h"

#include <inttypes.h>
#include <stdio.h>

#define NUMBER_BYTES 24
#define NAME_BYTES 80
#define GROUP_BYTES 264
#define HTTPS_PORT 443
#define HTTP_PORT 80

struct span_ids {
    struct id_text event, org, webhook, delivery;
};

void spans_begin(const struct dispatcher *d, struct decoded *e)
{
    if (e->trace.span == 0) {
        e->trace = tracer_begin(d->tracer, e->trace);
    }
}

/* --- records -------------------------------------------------------------- */

static void add_place(struct span *s, const struct dispatcher *d,
                      const struct record_place *place,
                      char text[static GROUP_BYTES],
                      char number[static NUMBER_BYTES])
{
    const char *topic = event_topics[place->topic];

    (void)snprintf(text, GROUP_BYTES, "%s.%s", d->settings.kafka_group, topic);
    (void)snprintf(number, NUMBER_BYTES, "%" PRId32, place->partition);
    span_text(s, "messaging.system", STR("kafka"));
    span_text(s, "messaging.operation.name", STR("process"));
    span_text(s, "messaging.operation.type", STR("process"));
    span_text(s, "messaging.destination.name", str_of(topic));
    span_text(s, "messaging.destination.partition.id", str_of(number));
    span_number(s, "messaging.kafka.offset", place->offset);
    span_text(s, "messaging.consumer.group.name", str_of(text));
}

void spans_processed(const struct dispatcher *d, const struct decoded *e,
                     const struct record_place *place, int64_t began_us,
                     size_t deliveries)
{
    char name[NAME_BYTES];
    char group[GROUP_BYTES];
    char partition[NUMBER_BYTES];
    struct span_ids ids;
    struct span s = {
        .trace = trace_at(e->trace, trace_span_of(e->id, TRACE_PROCESSING)),
        .parent = e->trace.span,
        .kind = SPAN_CONSUMER,
        .start_us = began_us,
    };

    if (!tracer_wants(d->tracer, e->trace)) {
        return;
    }
    (void)snprintf(name, sizeof name, "process %s", event_topics[place->topic]);
    s.name = str_of(name);
    s.end_us = clock_wall_us();
    add_place(&s, d, place, group, partition);
    span_public_id(&s, "porter.event_id", &ids.event, ID_EVENT, e->id);
    span_text(&s, "porter.event_type", str_of(event_types[e->type].name));
    span_public_id(&s, "porter.organization_id", &ids.org, ID_ORGANIZATION,
                   e->org_id);
    span_text(&s, "porter.request_id", e->request_id);
    span_number(&s, "porter.deliveries", (int64_t)deliveries);
    tracer_add(d->tracer, &s);
}

/* --- attempts ------------------------------------------------------------- */

/* The port that the URL names, or its scheme's. */
static int64_t port_of(struct str url, struct str host)
{
    const char *end = host.data + host.len;
    size_t left = (size_t)(url.data + url.len - end);
    struct str digits = {end + 1, 0};
    uint64_t port = 0;

    if (left > 1 && end[0] == ':') {
        while (digits.len < left - 1 && digits.data[digits.len] >= '0' &&
               digits.data[digits.len] <= '9') {
            digits.len++;
        }
        if (str_to_u64(digits, UINT16_MAX, &port)) {
            return (int64_t)port;
        }
    }
    return str_starts(url, STR("https://")) ? HTTPS_PORT : HTTP_PORT;
}

static void add_endpoint(struct span *s, const struct job *j)
{
    const struct attempt *a = &j->outcome.attempt;
    struct str host = facts_host(j->target->url);

    span_text(s, "http.request.method", STR("POST"));
    if (host.len > 0) {
        span_text(s, "server.address", host);
        span_number(s, "server.port", port_of(j->target->url, host));
    }
    if (j->attempts > 0) {
        span_number(s, "http.request.resend_count", j->attempts);
    }
    if (a->status > 0) {
        span_number(s, "http.response.status_code", a->status);
        span_text(s, "network.protocol.version", a->http_version);
    }
    span_number(s, "porter.dns_us", a->dns_us);
    span_number(s, "porter.connect_us", a->connect_us);
    span_number(s, "porter.tls_us", a->tls_us);
    span_number(s, "porter.first_byte_us", a->first_byte_us);
}

static void add_delivery(struct span *s, const struct job *j,
                         struct span_ids *ids)
{
    const struct body *b = j->body;

    span_public_id(s, "porter.delivery_id", &ids->delivery, ID_DELIVERY, j->id);
    span_public_id(s, "porter.webhook_id", &ids->webhook, ID_WEBHOOK,
                   j->webhook_id);
    span_public_id(s, "porter.event_id", &ids->event, ID_EVENT, b->event_id);
    span_public_id(s, "porter.organization_id", &ids->org, ID_ORGANIZATION,
                   b->org_id);
    span_text(s, "porter.event_type", b->event_type);
    span_text(s, "porter.request_id", b->request_id);
    span_number(s, "porter.attempt", j->outcome.attempt.number);
    span_text(s, "porter.verdict", j->outcome.attempt.verdict);
}

void spans_attempt(const struct dispatcher *d, const struct job *j,
                   struct request_moment began, int64_t took_us)
{
    const struct attempt *a = &j->outcome.attempt;
    char status[NUMBER_BYTES];
    struct span_ids ids;
    struct span s = {
        .trace = trace_at(j->body->trace, began.span),
        .parent = j->body->trace.span,
        .kind = SPAN_CLIENT,
        .name = STR("POST"),
        .start_us = began.now_us,
        .end_us = began.now_us + took_us,
    };

    if (!tracer_wants(d->tracer, j->body->trace)) {
        return;
    }
    add_endpoint(&s, j);
    add_delivery(&s, j, &ids);
    if (j->outcome.verdict != VERDICT_DELIVERED) {
        (void)snprintf(status, sizeof status, "%d", a->status);
        s.error = a->failure.len > 0 ? a->failure : str_of(status);
        span_text(&s, "error.type", s.error);
    }
    tracer_add(d->tracer, &s);
}

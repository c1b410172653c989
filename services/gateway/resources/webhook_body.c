/* The bodies that make or change a webhook. */
#include "gateway/resources/webhook_body.h"

#include "gateway/resources/webhook_url.h"
#include "gateway/routes.h"
#include "json/json.h"

#include <inttypes.h>

/* The form is the row's matter. */
static bool check_url(struct call *call, struct str url)
{
    const struct url_judged *judged = call->url;

    if (url.len == 0 || judged == NULL ||
        (judged->verdict != URL_BAD_SCHEME &&
         judged->verdict != URL_BAD_ADDRESS)) {
        return true;
    }
    return fault_add(call_faults(call), STR("url"),
                     judged->verdict == URL_BAD_ADDRESS ? FAULT_NOT_ALLOWED
                                                        : FAULT_BAD_FORMAT,
                     "%s", judged->why.text);
}

static struct str text_at(const struct json *object, const char *name)
{
    const struct json *v = json_find(object, name);

    return v != NULL && json_type(v) == JSON_TEXT ? json_text(v) : STR_NONE;
}

/* An empty object takes it away; else both belong together, and hold now. */
static bool check_client(struct call *call, const struct json *body)
{
    static const struct str names[] = {{"client_certificate.certificate", 30},
                                       {"client_certificate.private_key", 30}};
    const struct json *client = json_find(body, "client_certificate");
    struct client_certificate facts;
    struct err why = ERR_NONE;

    if (client == NULL || json_type(client) != JSON_OBJECT ||
        json_count(client) == 0) {
        return true;
    }
    struct str certificate = text_at(client, "certificate");
    struct str key = text_at(client, "private_key");
    bool ok = client_certificate_read(certificate, call->now_us, &facts, &why);
    if (!ok) {
        (void)fault_add(call_faults(call), names[0], FAULT_BAD_FORMAT, "%s",
                        why.text);
    }
    return client_key_check(certificate, key, &why)
               ? ok
               : fault_add(call_faults(call), names[1], FAULT_BAD_FORMAT, "%s",
                           why.text);
}

/* What the rows can't say: where the URL may lead; a list that is there is not
 * empty. */
static bool check_more(struct call *call, const struct json *body)
{
    const struct json *url = json_find(body, "url");
    bool ok = url == NULL || json_type(url) != JSON_TEXT ||
              check_url(call, json_text(url));

    return check_client(call, body) && ok;
}

/* The longest that an event may be tried: what is still to be sent keeps its
 * day in the log, everybody's rows of that day with it. 0: any time. */
static int64_t longest_s(const struct call *call)
{
    const uint64_t keep_ms = call->gateway->settings.retention_deliveries_ms;

    return (int64_t)MIN_OF(keep_ms / 1000, (uint64_t)WEBHOOK_AGE_MAX_S);
}

static bool check_times(struct call *call, const Porter__V1__Webhook *w)
{
    const int64_t most_s = longest_s(call);
    const Porter__V1__RetrySchedule *schedule = w->retry_schedule;
    int64_t all_s = 0;
    bool ok = true;

    for (size_t i = 0; schedule != NULL && i < schedule->n_waits_seconds; i++) {
        all_s += schedule->waits_seconds[i];
    }
    if (most_s > 0 && all_s > most_s) {
        ok = fault_add(call_faults(call), STR("retry_schedule.waits_seconds"),
                       FAULT_OUT_OF_RANGE,
                       "must be %" PRId64 " together at most: deliveries are "
                       "kept no longer",
                       most_s);
    }
    if (most_s > 0 && w->max_age_seconds != NULL &&
        w->max_age_seconds->value > most_s) {
        ok = fault_add(call_faults(call), STR("max_age_seconds"),
                       FAULT_OUT_OF_RANGE,
                       "must be at most %" PRId64 ": deliveries are kept no "
                       "longer",
                       most_s);
    }
    return ok;
}

/* null is "not sent", but clears what says so: see update_webhook. */
static void note_fields(const struct json *body, struct webhook_body *in)
{
    const struct {
        const char *name;
        bool *is_sent;
        bool is_clearable;
    } fields[WEBHOOK_FIELDS] = {
        {"url", NULL, false},
        {"description", &in->has_description, true},
        {"events", NULL, false},
        {"status", NULL, false},
        {"ordering", NULL, false},
        {"headers", &in->has_headers, false},
        {"client_certificate", &in->has_client, false},
        {"retry_schedule", &in->has_schedule, true},
        {"max_age_seconds", &in->has_max_age, true},
    };

    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const struct json *v = json_find(body, fields[i].name);

        if (v == NULL ||
            (json_type(v) == JSON_NULL && !fields[i].is_clearable)) {
            continue;
        }
        if (fields[i].is_sent != NULL) {
            *fields[i].is_sent = true;
        }
        in->fields[in->field_count++] = str_of(fields[i].name);
    }
}

bool webhook_body_read(struct call *call, struct webhook_body *in,
                       struct err *err)
{
    struct json *body = NULL;
    ProtobufCMessage *message = NULL;
    bool ok = call_body(call, &body, err);

    if (ok) {
        ok = rules_read(call->operation->rules(), body, call->now_us,
                        call->arena, call_faults(call), &message);
        ok = (!ok ||
              check_times(call, (Porter__V1__Webhook *)(void *)message)) &&
             ok;
        ok = (json_type(body) != JSON_OBJECT || check_more(call, body)) && ok;
        if (!ok) {
            (void)call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
        }
    }
    if (ok) {
        in->webhook = (Porter__V1__Webhook *)(void *)message;
        note_fields(body, in);
    }
    json_free(body);
    return ok;
}

static bool by_subject(const Porter__V1__Webhook *w)
{
    return w->ordering ==
           PORTER__V1__WEBHOOK_ORDERING__WEBHOOK_ORDERING_SUBJECT;
}

static bool is_disabled(const Porter__V1__Webhook *w)
{
    return w->status == PORTER__V1__WEBHOOK_STATUS__WEBHOOK_STATUS_DISABLED;
}

/* What was sent, which check_client has judged; of what is stored already there
 * is no key. */
static void add_client(struct call *call,
                       const Porter__V1__ClientCertificate *client,
                       struct webhook_input *row)
{
    struct err ignored = ERR_NONE;

    if (client == NULL || client->private_key[0] == '\0' ||
        !client_certificate_read(str_of(client->certificate), call->now_us,
                                 &row->client, &ignored)) {
        return;
    }
    row->client_pem = arena_printf(call->arena, "%s\n%s\n", client->certificate,
                                   client->private_key);
}

static void add_schedule(const Porter__V1__Webhook *w,
                         struct webhook_input *row)
{
    if (w->retry_schedule != NULL) {
        row->waits_s = w->retry_schedule->waits_seconds;
        row->wait_count = w->retry_schedule->n_waits_seconds;
    }
    if (w->max_age_seconds != NULL) {
        row->max_age_s = w->max_age_seconds->value;
    }
}

struct webhook_input webhook_body_row(struct call *call,
                                      const Porter__V1__Webhook *w)
{
    struct str *events =
        arena_zero(call->arena, w->n_events + 1, sizeof *events);
    struct own_header *headers =
        arena_zero(call->arena, w->n_headers + 1, sizeof *headers);

    for (size_t i = 0; i < w->n_events; i++) {
        events[i] = str_of(w->events[i]);
    }
    for (size_t i = 0; i < w->n_headers; i++) {
        headers[i] = (struct own_header){str_of(w->headers[i]->key),
                                         str_of(w->headers[i]->value)};
    }
    struct webhook_input row = {
        .url = str_of(w->url),
        .description = str_of(w->description),
        .events = events,
        .event_count = w->n_events,
        .by_subject = by_subject(w),
        .is_disabled = is_disabled(w),
        .guard = &call->gateway->guard,
        .headers = headers,
        .header_count = w->n_headers,
    };

    add_client(call, w->client_certificate, &row);
    add_schedule(w, &row);
    return row;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool same_events(const Porter__V1__Webhook *a,
                        const Porter__V1__Webhook *b)
{
    if (a->n_events != b->n_events) {
        return false;
    }
    for (size_t i = 0; i < a->n_events; i++) {
        if (!same_text(a->events[i], b->events[i])) {
            return false;
        }
    }
    return true;
}

static bool same_schedule(const Porter__V1__Webhook *a,
                          const Porter__V1__Webhook *b)
{
    struct webhook_input x = {0};
    struct webhook_input y = {0};

    add_schedule(a, &x);
    add_schedule(b, &y);
    return x.max_age_s == y.max_age_s && x.wait_count == y.wait_count &&
           (x.wait_count == 0 || memcmp(x.waits_s, y.waits_s,
                                        x.wait_count * sizeof *x.waits_s) == 0);
}

bool webhook_body_merge(const struct webhook_body *in,
                        const Porter__V1__Webhook *old,
                        Porter__V1__Webhook *next)
{
    const Porter__V1__Webhook *sent = in->webhook;

    *next = *old;
    if (sent->url[0] != '\0') {
        next->url = sent->url;
    }
    if (in->has_description) {
        next->description = sent->description;
    }
    if (sent->n_events > 0) {
        next->events = sent->events;
        next->n_events = sent->n_events;
    }
    if (sent->status != 0) {
        next->status = sent->status;
    }
    if (sent->ordering != 0) {
        next->ordering = sent->ordering;
    }
    if (in->has_schedule) {
        next->retry_schedule = sent->retry_schedule;
    }
    if (in->has_max_age) {
        next->max_age_seconds = sent->max_age_seconds;
    }
    /* Those of the old one are masked. */
    next->headers = sent->headers;
    next->n_headers = sent->n_headers;
    next->client_certificate = sent->client_certificate; /* As they are. */
    return !same_text(next->url, old->url) ||
           !same_text(next->description, old->description) ||
           !same_events(next, old) || next->status != old->status ||
           next->ordering != old->ordering || !same_schedule(next, old) ||
           (in->has_headers && (sent->n_headers > 0 || old->n_headers > 0)) ||
           in->has_client;
}

bool webhook_body_keeps_secrets(struct call *call,
                                const struct webhook_body *in,
                                const Porter__V1__Webhook *old, struct err *err)
{
    const char *url = in->webhook->url;

    if (url[0] == '\0' || in->has_headers || old->n_headers == 0 ||
        guard_same_origin(str_of(url), str_of(old->url))) {
        return true;
    }
    (void)fault_add(call_faults(call), STR("headers"), FAULT_REQUIRED,
                    "must be sent again with a URL of another host, scheme or "
                    "port: they were given for the old one ({} for none)");
    return call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
}

/* The bodies that make or change a webhook. */
#include "gateway/resources/webhook_body.h"

#include "gateway/routes.h"
#include "json/json.h"

/* The form is the row's matter; whether it may be called from here is asked of
 * the guard, as each attempt will. */
static bool check_url(struct call *call, struct str url)
{
    const struct guard *guard = &call->gateway->guard;
    struct err why = ERR_NONE;

    if (url.len == 0 || !guard_form(url, &why) || guard_url(guard, url, &why)) {
        return true;
    }
    return fault_add(call_faults(call), STR("url"),
                     why.code == ERR_FORBIDDEN ? FAULT_NOT_ALLOWED
                                               : FAULT_BAD_FORMAT,
                     "%s", why.text);
}

/* What the rows can't say: where the URL may lead; a list that is there is not
 * empty. */
static bool check_more(struct call *call, const struct json *body)
{
    const struct json *url = json_find(body, "url");
    const struct json *events = json_find(body, "events");
    bool ok = url == NULL || json_type(url) != JSON_TEXT ||
              check_url(call, json_text(url));

    if (call->operation->method == WEB_PATCH && events != NULL &&
        json_type(events) == JSON_ARRAY && json_count(events) == 0) {
        ok = fault_add(call_faults(call), STR("events"), FAULT_TOO_SHORT,
                       "must have at least 1 entries");
    }
    return ok;
}

/* null is "not sent", but clears the description. */
static void note_fields(const struct json *body, struct webhook_body *in)
{
    static const char *const names[WEBHOOK_FIELDS] = {
        "url", "description", "events", "status", "ordering", "headers"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct json *v = json_find(body, names[i]);
        bool is_description = strcmp(names[i], "description") == 0 && v != NULL;

        in->has_description = in->has_description || is_description;
        if (is_description || (v != NULL && json_type(v) != JSON_NULL)) {
            in->has_headers =
                in->has_headers || strcmp(names[i], "headers") == 0;
            in->fields[in->field_count++] = str_of(names[i]);
        }
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
    return (struct webhook_input){
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
    /* Those of the old one are masked. */
    next->headers = sent->headers;
    next->n_headers = sent->n_headers;
    return !same_text(next->url, old->url) ||
           !same_text(next->description, old->description) ||
           !same_events(next, old) || next->status != old->status ||
           next->ordering != old->ordering ||
           (in->has_headers && (sent->n_headers > 0 || old->n_headers > 0));
}

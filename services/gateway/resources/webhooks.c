/* Webhooks: create, list, show, change, delete, a new secret. What becomes of
 * what is sent to them is deliveries.c's. */
#include "gateway/resources/resources.h"

#include "base/clock.h"
#include "guard/guard.h"
#include "guard/header.h"
#include "gateway/list.h"
#include "gateway/resources/webhook_body.h"
#include "gateway/resources/webhook_url.h"
#include "store/key.h"
#include "store/webhook.h"

static handler_fn list_webhooks, show_webhook, create_webhook, update_webhook;
static handler_fn delete_webhook, rotate_webhook_secret;

/* clang-format off */
static const struct param_table params;
static const struct rule_table *create_rules(void);
static const struct rule_table *update_rules(void);
static const struct rule_table *rotation_rules(void);

static const struct operation operations[] = {
    {WEB_GET, "/api/v1/webhooks", SCOPE_WEBHOOKS_READ, OP_ETAG, list_webhooks,
     "list_webhooks", "List webhooks, newest first",
     .params = &params, .answer = &porter__v1__webhook__descriptor, .list_name = "webhooks"},
    {WEB_POST, "/api/v1/webhooks", SCOPE_WEBHOOKS_WRITE, OP_BODY | OP_LOCATION | OP_ETAG, create_webhook,
     "create_webhook", "Create a webhook; its secret is shown this once",
     .details = "Its secret signs every request to `url`. The answer is the only one that shows it. The waits of a "
                "`retry_schedule` together, and `max_age_seconds`, are at most as long as deliveries are kept (30 days, "
                "unless the operator keeps them shorter or for ever).",
     .before = webhook_url_before,
     .rules = create_rules, .answer = &porter__v1__webhook_with_secret__descriptor,
     .status = HTTP_CREATED, .problems = {PROBLEM_LIMIT_REACHED}},
    {WEB_GET, "/api/v1/webhooks/{id}", SCOPE_WEBHOOKS_READ, OP_ETAG, show_webhook,
     "show_webhook", "Show one webhook", .answer = &porter__v1__webhook__descriptor},
    {WEB_PATCH, "/api/v1/webhooks/{id}", SCOPE_WEBHOOKS_WRITE, OP_BODY | OP_ETAG | OP_IF_MATCH, update_webhook,
     "update_webhook", "Change a webhook; what is not sent stays",
     .details = "An event that happens after the answer meets the webhook as it is then, or as it is later made. "
                "`null` leaves a field as it is, but for `description`, which it clears, and `retry_schedule` and "
                "`max_age_seconds`, which it gives back to the configuration. `headers` replaces all headers; with a URL of "
                "another host, scheme or port it has to be sent. `client_certificate` is replaced whole, and taken away by `{}`.",
     .before = webhook_url_before,
     .rules = update_rules, .answer = &porter__v1__webhook__descriptor, .problems = {PROBLEM_CONFLICT}},
    {WEB_DELETE, "/api/v1/webhooks/{id}", SCOPE_WEBHOOKS_WRITE, OP_IF_MATCH, delete_webhook,
     "delete_webhook", "Delete a webhook",
     .details = "Nothing more is begun for it. Its deliveries can be read for as long as the log keeps them.",
     .status = HTTP_NO_CONTENT, .problems = {PROBLEM_CONFLICT}},
    {WEB_POST, "/api/v1/webhooks/{id}/rotate-secret", SCOPE_WEBHOOKS_WRITE,
     OP_BODY | OP_BODY_OPTIONAL | OP_ETAG | OP_IF_MATCH | OP_CONFIRMED, rotate_webhook_secret,
     "rotate_webhook_secret", "Give a webhook a new secret; it is shown this once",
     .details = "Until `secret_overlap_until` both the new secret and the one before sign. "
                "A rotation within that time ends the one before at once.",
     .rules = rotation_rules, .answer = &porter__v1__webhook_with_secret__descriptor,
     .problems = {PROBLEM_CONFLICT}},
};
_Static_assert(WAIT_MAX_S == WEBHOOK_WAIT_MAX_S, "one bound of waits");
const struct operation_table webhook_operations = OPERATIONS(operations);

static const struct param_row param_rows[] = {LIST_PARAM_ROWS};
static const struct param_table params = {param_rows, COUNT_OF(param_rows)};

#define FIELDS(is_new, event_words)                                                                \
    {.path = "url", .format = RULE_ENDPOINT, .required = (is_new), .min = 1, .max = GUARD_URL_MAX}, \
    {.path = "description", .format = RULE_PLAIN, .min = 1, .max = 500},                           \
    {.path = "events", .format = RULE_WORD, .required = (is_new), .min = 1,                        \
     .max = EVENT_TYPE_COUNT + 1, .words = (event_words)},                                         \
    {.path = "status", .format = RULE_PLAIN},                                                      \
    {.path = "ordering", .format = RULE_PLAIN},                                                    \
    {.path = "headers", .format = RULE_HEADERS, .min = 0, .max = GUARD_HEADERS_MAX}, \
    {.path = "client_certificate.certificate", .format = RULE_PLAIN, .min = 1, \
     .max = CLIENT_CERTIFICATE_MAX}, \
    {.path = "client_certificate.private_key", .format = RULE_PLAIN, .min = 1, .max = CLIENT_KEY_MAX}, \
    {.path = "retry_schedule", .format = RULE_PLAIN}, \
    {.path = "retry_schedule.waits_seconds", .format = RULE_WAITS, .required = true, .min = 1, \
     .max = WEBHOOK_WAITS_MAX}, \
    {.path = "max_age_seconds", .format = RULE_PLAIN, .min = 1, .max = WEBHOOK_AGE_MAX_S}

/* "*" and every type of event; filled at start, by the first call. */
static const char *event_words[EVENT_TYPE_COUNT + 2];
static const struct rule create_rows[] = {FIELDS(true, event_words)};
static const struct rule update_rows[] = {FIELDS(false, event_words)};
static const struct rule rotation_rows[] = {
    {.path = "overlap_seconds", .format = RULE_PLAIN, .min = 0, .max = WEBHOOK_OVERLAP_MAX_S},
};
/* clang-format on */

static void name_events(void)
{
    if (event_words[0] == NULL) {
        for (size_t i = 0; i < EVENT_TYPE_COUNT; i++) {
            event_words[i + 1] = event_types[i].name;
        }
        event_words[0] = "*";
    }
}

static const struct rule_table *create_rules(void)
{
    static const struct rule_table table = {&porter__v1__webhook__descriptor,
                                            create_rows, COUNT_OF(create_rows)};

    name_events();
    return &table;
}

static const struct rule_table *update_rules(void)
{
    static const struct rule_table table = {&porter__v1__webhook__descriptor,
                                            update_rows, COUNT_OF(update_rows)};

    name_events();
    return &table;
}

static const struct rule_table *rotation_rules(void)
{
    static const struct rule_table table = {
        &porter__v1__secret_rotation__descriptor, rotation_rows,
        COUNT_OF(rotation_rows)};

    return &table;
}

/* --- list and show ------------------------------------------------------- */

static struct page_key key_of(const ProtobufCMessage *row)
{
    const Porter__V1__Webhook *w = (const void *)row;

    return page_key_of(ID_WEBHOOK, w->id);
}

static bool list_webhooks(struct call *call, struct err *err)
{
    struct list list;
    Porter__V1__Webhook **rows = NULL;
    struct id before = {{0}};
    size_t count = 0;

    if (!list_read(call, "webhooks", &params, &list, err)) {
        return false;
    }
    if (list.goes_on) {
        before = list.after.id;
    }
    if (!webhook_list(call->db, call_org(call), before, list.limit + 1,
                      call->now_us, call->arena, &rows, &count, err)) {
        return false;
    }
    list_answer(call, &list, (ProtobufCMessage *const *)(void *)rows, count,
                key_of, LIST_NO_TOTAL);
    return true;
}

static bool find(struct call *call, struct id id, Porter__V1__Webhook **out,
                 struct err *err)
{
    return webhook_find(call->db, call_org(call), id, call->now_us, call->arena,
                        out, err);
}

static bool show_webhook(struct call *call, struct err *err)
{
    struct id id;
    Porter__V1__Webhook *webhook = NULL;

    if (!call_no_params(call, err) ||
        !call_path_id(call, ID_WEBHOOK, &id, err) ||
        !find(call, id, &webhook, err)) {
        return false;
    }
    if (call_is_unchanged(call, call_time_us(webhook->updated_at))) {
        return true;
    }
    return call_reply(call, HTTP_OK, &webhook->base);
}

/* --- answers ------------------------------------------------------------- */

/* The longer message has the shorter one's fields, by number. */
static bool reply_with_secret(struct call *call, unsigned status,
                              const Porter__V1__Webhook *webhook,
                              struct str secret, struct err *err)
{
    struct buf bytes = BUF_EMPTY;
    ProtobufCMessage *m = NULL;
    bool ok = false;

    message_pack(&webhook->base, &bytes);
    ok = message_unpack(&porter__v1__webhook_with_secret__descriptor,
                        buf_str(&bytes), call->arena, &m, err);
    buf_free(&bytes);
    if (!ok) {
        err->code = ERR_INTERNAL;
        return false;
    }
    message_set_text(message_find(m, STR("secret"), call->arena), secret,
                     call->arena);
    call_version(call, call_time_us(webhook->updated_at));
    return call_reply(call, status, m);
}

static bool create_webhook(struct call *call, struct err *err)
{
    struct webhook_body in = {0};
    struct webhook_input row;
    struct author author = call_author(call);
    Porter__V1__Webhook *webhook = NULL;
    struct str secret = STR_NONE;
    struct id id = {{0}};

    if (!call_no_params(call, err) || !webhook_body_read(call, &in, err)) {
        return false;
    }
    row = webhook_body_row(call, in.webhook);
    if (!webhook_insert(call->db, &call->gateway->seal_keys, call_org(call),
                        &row, &author, call->arena, &id, &secret, err)) {
        return call_not_made(call, err);
    }
    if (!find(call, id, &webhook, err)) {
        return false;
    }
    call_header(call, STR("Location"),
                arena_printf(call->arena, "/api/v1/webhooks/%s", webhook->id));
    return reply_with_secret(call, HTTP_CREATED, webhook, secret, err);
}

/* --- changes: read, judge, change, and if somebody was quicker again -------
 */

struct change {
    struct webhook_change row;
    Porter__V1__Webhook *webhook; /* as it was read */
    struct webhook_body in;
    int64_t overlap_until_us;
    struct str secret;
};

/* *changed is false when somebody was quicker. */
typedef bool attempt_fn(struct call *call, struct change *change, bool *changed,
                        struct err *err);

static bool try_change(struct call *call, attempt_fn *attempt,
                       struct change *change, struct err *err)
{
    bool changed = false;

    change->row.org_id = call_org(call);
    change->row.now_us = call->now_us;
    change->row.by = call_author(call);
    for (unsigned tries = 0; tries < CALL_TRIES_MAX; tries++) {
        if (!find(call, change->row.id, &change->webhook, err)) {
            return false;
        }
        change->row.seen_us = call_time_us(change->webhook->updated_at);
        if (!call_if_match(call, change->row.seen_us, err) ||
            !attempt(call, change, &changed, err)) {
            return false;
        }
        if (changed) {
            return true;
        }
    }
    return err_set(err, ERR_CONFLICT,
                   "others are changing this webhook at this very moment");
}

static bool attempt_update(struct call *call, struct change *change,
                           bool *changed, struct err *err)
{
    Porter__V1__Webhook next;
    struct webhook_input row;

    if (!webhook_body_keeps_secrets(call, &change->in, change->webhook, err)) {
        return false;
    }
    if (!webhook_body_merge(&change->in, change->webhook, &next)) {
        *changed = true; /* It is as it is wanted. */
        return true;
    }
    row = webhook_body_row(call, &next);
    if (change->in.webhook->n_events == 0) {
        row.events = NULL;
        row.event_count = 0;
    }
    if (change->in.webhook->url[0] == '\0') {
        row.guard = NULL;
    }
    row.has_headers = change->in.has_headers;
    row.has_client = change->in.has_client;
    change->row.fields = change->in.fields;
    change->row.field_count = change->in.field_count;
    return webhook_update(call->db, &call->gateway->seal_keys, &change->row,
                          &row, changed, err);
}

static bool update_webhook(struct call *call, struct err *err)
{
    struct change change = {0};

    if (!call_no_params(call, err) ||
        !call_path_id(call, ID_WEBHOOK, &change.row.id, err) ||
        !webhook_body_read(call, &change.in, err) ||
        !try_change(call, attempt_update, &change, err) ||
        !find(call, change.row.id, &change.webhook, err)) {
        return false;
    }
    call_version(call, call_time_us(change.webhook->updated_at));
    return call_reply(call, HTTP_OK, &change.webhook->base);
}

static bool attempt_delete(struct call *call, struct change *change,
                           bool *changed, struct err *err)
{
    return webhook_delete(call->db, &change->row, changed, err);
}

static bool delete_webhook(struct call *call, struct err *err)
{
    struct change change = {0};

    if (!call_no_params(call, err) ||
        !call_path_id(call, ID_WEBHOOK, &change.row.id, err) ||
        !try_change(call, attempt_delete, &change, err)) {
        return false;
    }
    call_answer(call, HTTP_NO_CONTENT, STR_NONE);
    return true;
}

static bool attempt_rotation(struct call *call, struct change *change,
                             bool *changed, struct err *err)
{
    bool ok = webhook_rotate(call->db, &call->gateway->seal_keys, &change->row,
                             change->overlap_until_us, call->arena,
                             &change->secret, err);

    *changed = change->secret.len > 0;
    return ok;
}

/* Until when the secret before signs. */
static bool read_overlap(struct call *call, int64_t *until_us, struct err *err)
{
    const Porter__V1__SecretRotation *rotation = NULL;
    ProtobufCMessage *message = NULL;
    int64_t overlap_s = WEBHOOK_OVERLAP_S;

    if (!call_input(call, &message, err)) {
        return false;
    }
    rotation = (const void *)message;
    if (rotation->overlap_seconds != NULL) {
        overlap_s = rotation->overlap_seconds->value;
    }
    *until_us =
        overlap_s == 0 ? DB_TIME_NULL : call->now_us + overlap_s * US_PER_S;
    return true;
}

static bool rotate_webhook_secret(struct call *call, struct err *err)
{
    struct change change = {0};

    return call_no_params(call, err) &&
           call_path_id(call, ID_WEBHOOK, &change.row.id, err) &&
           read_overlap(call, &change.overlap_until_us, err) &&
           try_change(call, attempt_rotation, &change, err) &&
           find(call, change.row.id, &change.webhook, err) &&
           reply_with_secret(call, HTTP_OK, change.webhook, change.secret, err);
}

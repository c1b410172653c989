/* Webhooks beyond the API: their secrets shown again, and a verdict on a URL
 * before it is saved. */
#include "gateway/dashboard/dashboard.h"

#include "gateway/dashboard/body.h"
#include "gateway/dashboard/role.h"
#include "gateway/resources/webhook_url.h"
#include "store/organization.h"
#include "store/person.h"

static handler_fn show_webhook_secret, judge_url;

/* clang-format off */
static const struct rule_table *url_rules(void);

static const struct operation operations[] = {
    {WEB_GET, "/dashboard/api/webhooks/{id}/secret", RIGHT_WEBHOOK_SECRETS, OP_CONFIRMED, show_webhook_secret,
     "show_webhook_secret", "Show a webhook's secret", .status = HTTP_OK},
    {WEB_POST, "/dashboard/api/url-verdict", SCOPE_WEBHOOKS_WRITE, OP_BODY | OP_DIRECT, judge_url,
     "judge_url", "Tell whether a webhook may have a URL", .rules = url_rules, .status = HTTP_OK},
};
const struct operation_table webhook_secret_operations = OPERATIONS(operations);

static const struct rule url_rows[] = {
    {.path = "url", .format = RULE_PLAIN, .required = true, .min = 1, .max = GUARD_URL_MAX},
};
/* clang-format on */

static const struct rule_table *url_rules(void)
{
    static const struct rule_table table = {
        &porter__v1__url_question__descriptor, url_rows, COUNT_OF(url_rows)};

    return &table;
}

/* Whoever has seen it is written down first. */
static bool show_webhook_secret(struct call *call, struct err *err)
{
    struct webhook_secrets secrets = {.overlap_until_us = DB_TIME_NULL};
    const struct author by = call_author(call);
    struct str subject = call->match.values[0];
    struct json_writer w;
    struct id id = {{0}};

    if (!call_no_params(call, err) ||
        !call_path_id(call, ID_WEBHOOK, &id, err) ||
        !webhook_secrets(call->db, &call->gateway->seal_keys, call_org(call),
                         id, call->arena, &secrets, err) ||
        !audit_note(call->db, call_org(call), STR("webhook.secret_shown"),
                    subject, &by, call->now_us, err)) {
        return false;
    }
    w = body_begin(call, HTTP_OK);
    body_text(&w, "secret", secrets.current);
    body_time(&w, "previous_secret_expires_at",
              secrets.overlap_until_us > call->now_us ? secrets.overlap_until_us
                                                      : DB_TIME_NULL);
    json_object_end(&w);
    crypt_wipe((char *)(uintptr_t)secrets.current.data, secrets.current.len);
    crypt_wipe((char *)(uintptr_t)secrets.previous.data, secrets.previous.len);
    return true;
}

/* The same judges as when it is saved. */
static bool judge_url(struct call *call, struct err *err)
{
    static const struct {
        const char *reason; /* "": none, it is allowed */
        const char *detail; /* NULL: the judge's */
    } words[] = {
        [URL_FINE] = {"", "a webhook may have this URL"},
        [URL_NOWHERE] = {"", "a webhook may have this URL; its name has no "
                             "address now"},
        [URL_BAD_FORM] = {"form", NULL},
        [URL_BAD_SCHEME] = {"scheme", NULL},
        [URL_BAD_ADDRESS] = {"address", NULL},
    };
    ProtobufCMessage *message = NULL;
    struct url_judged judged;
    struct json_writer w;
    struct str url;

    if (!call_no_params(call, err) || !call_input(call, &message, err)) {
        return false;
    }
    url = str_of(((const Porter__V1__UrlQuestion *)(const void *)message)->url);
    judged = webhook_url_judge(call, url);
    const char *detail = words[judged.verdict].detail;

    w = body_begin(call, HTTP_OK);
    body_bool(&w, "allowed", detail != NULL);
    body_text_or_null(&w, "reason", str_of(words[judged.verdict].reason));
    body_text(&w, "detail", str_of(detail != NULL ? detail : judged.why.text));
    json_object_end(&w);
    return true;
}

/* Why does a request not verify? The checks are libs/signature's; here they are
 * given the webhook's secrets. Nothing is changed, and the right signature of
 * what was asked about is never told. And the public keys, for everybody. */
#include "gateway/resources/resources.h"

#include "base/clock.h"
#include "gateway/call.h"
#include "signature/check.h"
#include "signature/jwks.h"
#include "store/key.h"
#include "store/webhook.h"

#include "porter/v1/signature.pb-c.h"

#define HEADERS_MAX 100
#define BODY_CHARS_MAX 16777216 /* PORTER_HTTP_BODY_MAX is less. */

static handler_fn verify_webhook, show_webhook_keys;

/* clang-format off */
static const struct rule_table *question_rules(void);

static const struct operation operations[] = {
    {WEB_POST, "/api/v1/webhooks/{id}/verify", SCOPE_WEBHOOKS_WRITE, OP_BODY, verify_webhook,
     "verify_webhook", "Tell why a request does or does not verify",
     .details = "Send the headers and the body that the endpoint got; each check says what was found and what to do. "
                "Usual mistakes (a body that was parsed and printed again, a key read wrongly) are tried and named. "
                "The answer never holds a signature or a secret. Nothing is changed or stored.",
     .rules = question_rules, .answer = &porter__v1__signature_report__descriptor},
    {WEB_GET, "/.well-known/porter-webhooks.json", 0, OP_OPEN | OP_ETAG, show_webhook_keys,
     "show_webhook_keys", "Show the public keys that webhooks are signed with",
     .details = "A JSON Web Key Set of Ed25519 keys, for the entries `v1a` of `webhook-signature`; without any when the "
                "operator has set none. Any of them may have signed. Keep it for the five minutes that it says.",
     .schema = "WebhookKeys"},
};
const struct operation_table signature_operations = OPERATIONS(operations);

static const struct rule question_rows[] = {
    {.path = "headers", .format = RULE_MAP, .max = HEADERS_MAX},
    {.path = "body", .format = RULE_PLAIN, .max = BODY_CHARS_MAX},
    {.path = "body_base64", .format = RULE_PLAIN},
    {.path = "received_at", .format = RULE_TIME},
};
/* clang-format on */

static const struct rule_table *question_rules(void)
{
    static const struct rule_table table = {
        &porter__v1__signature_question__descriptor, question_rows,
        COUNT_OF(question_rows)};

    return &table;
}

static bool read_question(struct call *call, struct signature_question *q,
                          struct err *err)
{
    const Porter__V1__SignatureQuestion *in = NULL;
    ProtobufCMessage *message = NULL;

    if (!call_input(call, &message, err)) {
        return false;
    }
    in = (const void *)message;
    if (in->body[0] != '\0' && in->body_base64.len > 0) {
        (void)fault_add(call_faults(call), STR("body_base64"),
                        FAULT_NOT_ALLOWED, "is instead of body, not beside it");
        return call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
    }
    for (size_t i = 0; i < in->n_headers; i++) {
        signature_take_header(q, str_of(in->headers[i]->key),
                              str_of(in->headers[i]->value));
    }
    q->body = in->body_base64.len > 0
                  ? (struct str){(const char *)in->body_base64.data,
                                 in->body_base64.len}
                  : str_of(in->body);
    q->at_us =
        in->received_at != NULL ? call_time_us(in->received_at) : call->now_us;
    return true;
}

static void take_secrets(const struct webhook_secrets *s,
                         struct signature_question *q)
{
    q->secrets[q->secret_count++] =
        (struct signature_secret){s->current, SIGNER_CURRENT};
    if (s->previous.len > 0) {
        q->secrets[q->secret_count++] = (struct signature_secret){
            s->previous,
            q->at_us < s->overlap_until_us ? SIGNER_PREVIOUS : SIGNER_EXPIRED};
    }
}

static void wipe(struct str secret)
{
    crypt_wipe((char *)(uintptr_t)secret.data, secret.len);
}

static bool reply(struct call *call, const struct signature_report *report)
{
    static const Porter__V1__SignatureSecret secrets[SIGNER_COUNT] = {
        [SIGNER_NONE] =
            PORTER__V1__SIGNATURE_SECRET__SIGNATURE_SECRET_UNSPECIFIED,
        [SIGNER_CURRENT] =
            PORTER__V1__SIGNATURE_SECRET__SIGNATURE_SECRET_CURRENT,
        [SIGNER_PREVIOUS] =
            PORTER__V1__SIGNATURE_SECRET__SIGNATURE_SECRET_PREVIOUS,
        [SIGNER_EXPIRED] =
            PORTER__V1__SIGNATURE_SECRET__SIGNATURE_SECRET_EXPIRED,
    };
    Porter__V1__SignatureReport out = PORTER__V1__SIGNATURE_REPORT__INIT;
    Porter__V1__SignatureCheck rows[SIGNATURE_CHECKS_MAX];
    Porter__V1__SignatureCheck *list[SIGNATURE_CHECKS_MAX];

    for (size_t i = 0; i < report->count; i++) {
        const struct signature_check *check = &report->list[i];

        porter__v1__signature_check__init(&rows[i]);
        rows[i].name = arena_cstr(call->arena, str_of(check->name));
        rows[i].ok = check->ok;
        rows[i].secret = secrets[check->signer];
        rows[i].reason = arena_cstr(call->arena, check->reason);
        rows[i].cure = arena_cstr(call->arena, check->cure);
        list[i] = &rows[i];
    }
    out.verified = report->verified;
    out.checks = list;
    out.n_checks = report->count;
    return call_reply(call, HTTP_OK, &out.base);
}

static bool verify_webhook(struct call *call, struct err *err)
{
    struct id id;
    struct signature_question question = {.secret_count = 0};
    struct webhook_secrets secrets = {.overlap_until_us = DB_TIME_NULL};
    struct signature_report report;

    if (!call_no_params(call, err) ||
        !call_path_id(call, ID_WEBHOOK, &id, err) ||
        !read_question(call, &question, err) ||
        !webhook_secrets(call->db, &call->gateway->seal_keys, call_org(call),
                         id, call->arena, &secrets, err)) {
        return false;
    }
    take_secrets(&secrets, &question);
    question.keys = call->gateway->signing;
    signature_check(&question, call->arena, &report);
    wipe(secrets.current);
    wipe(secrets.previous);
    return reply(call, &report);
}

static bool show_webhook_keys(struct call *call, struct err *err)
{
    if (!call_no_params(call, err)) {
        return false;
    }
    call->is_cacheable = true;
    jwks_write(call->gateway->signing, &call->response->body);
    (void)call_reply_written(call);
    return true;
}

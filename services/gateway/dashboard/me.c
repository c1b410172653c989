/* What people change of themselves: name, password, authenticator. */
#include "gateway/dashboard/dashboard.h"

#include "base/random.h"
#include "crypt/totp.h"
#include "gateway/dashboard/body.h"
#include "store/organization.h"
#include "store/totp_secret.h"
#include "web/query.h"

static handler_fn update_me, change_password, offer_totp, take_totp, drop_totp;

/* clang-format off */
static const struct rule_table *name_rules(void);
static const struct rule_table *password_rules(void);
static const struct rule_table *code_rules(void);

static const struct operation operations[] = {
    {WEB_PUT, "/dashboard/api/me", 0, OP_BODY, update_me,
     "update_me", "Change your name", .rules = name_rules, .status = HTTP_OK},
    {WEB_POST, "/dashboard/api/me/password", 0, OP_BODY | OP_DIRECT, change_password,
     "change_password", "Change your password; your other sessions end",
     .rules = password_rules, .status = HTTP_NO_CONTENT},
    {WEB_POST, "/dashboard/api/me/totp", 0, OP_CONFIRMED | OP_DIRECT, offer_totp,
     "offer_totp", "Get a secret for an authenticator; it is shown this once", .status = HTTP_OK},
    {WEB_POST, "/dashboard/api/me/totp/confirm", 0, OP_BODY | OP_DIRECT, take_totp,
     "take_totp", "Sign in with the authenticator from now on", .rules = code_rules, .status = HTTP_NO_CONTENT},
    {WEB_DELETE, "/dashboard/api/me/totp", 0, OP_CONFIRMED | OP_DIRECT, drop_totp,
     "drop_totp", "Sign in without an authenticator", .status = HTTP_NO_CONTENT},
};
const struct operation_table me_operations = OPERATIONS(operations);

static const struct rule name_rows[] = {
    {.path = "name", .format = RULE_LINE, .required = true, .min = 1, .max = PERSON_NAME_MAX},
};
static const struct rule password_rows[] = {
    {.path = "current", .format = RULE_PLAIN, .required = true, .min = 1, .max = PASSWORD_MAX},
    {.path = "new", .format = RULE_PLAIN, .required = true, .min = PASSWORD_MIN, .max = PASSWORD_MAX},
};
static const struct rule code_rows[] = {
    {.path = "code", .format = RULE_PLAIN, .required = true, .min = 1, .max = 20},
};
#define TABLE(type, rows) {&porter__v1__##type##__descriptor, rows, COUNT_OF(rows)}
/* clang-format on */

static const struct rule_table *name_rules(void)
{
    static const struct rule_table table = TABLE(person_name, name_rows);

    return &table;
}

static const struct rule_table *password_rules(void)
{
    static const struct rule_table table =
        TABLE(password_change, password_rows);

    return &table;
}

static const struct rule_table *code_rules(void)
{
    static const struct rule_table table = TABLE(authenticator_code, code_rows);

    return &table;
}

static bool update_me(struct call *call, struct err *err)
{
    const struct author by = call_author(call);
    struct person_session s = *call->person;
    struct person_change change = {.org_id = s.org_id,
                                   .id = s.user_id,
                                   .may_owner = true,
                                   .by = &by,
                                   .now_us = call->now_us};
    ProtobufCMessage *message = NULL;

    if (!call_no_params(call, err) || !call_input(call, &message, err)) {
        return false;
    }
    s.name =
        str_of(((const Porter__V1__PersonName *)(const void *)message)->name);
    change.name = s.name;
    if (!person_update(call->db, &change, err)) {
        return false;
    }
    body_write_session(call, &s);
    return true;
}

static bool change_password(struct call *call, struct err *err)
{
    const struct author by = call_author(call);
    struct password_change change = {.org_id = call_org(call),
                                     .id = call->person->user_id,
                                     .keep = call->person->id,
                                     .by = &by,
                                     .now_us = call->now_us};
    const Porter__V1__PasswordChange *in = NULL;
    ProtobufCMessage *message = NULL;
    struct person_kept kept = {0};

    if (!call_no_params(call, err) || !call_input(call, &message, err)) {
        return false;
    }
    in = (const void *)message;
    if (!body_check_password(call, in->current, &kept, err)) {
        return false;
    }
    change.was = kept.password;
    if (!body_hash_password(call, str_of(in->new_), &change.stored, err) ||
        !person_set_password(call->db, &change, err)) {
        return false;
    }
    call_answer(call, HTTP_NO_CONTENT, STR_NONE);
    return true;
}

/* --- authenticators ------------------------------------------------------ */

static void write_offer(struct call *call, struct str secret)
{
    struct json_writer w = body_begin(call, HTTP_OK);
    struct buf uri = BUF_EMPTY;
    struct buf text = BUF_EMPTY;

    totp_write_secret(secret, &text);
    BUF_ADD(&uri, "otpauth://totp/Porter:");
    query_escape(&uri, call->person->email);
    BUF_ADD(&uri, "?secret=");
    buf_add(&uri, buf_str(&text));
    BUF_ADD(&uri, "&issuer=Porter");
    body_text(&w, "secret", buf_str(&text));
    body_text(&w, "uri", buf_str(&uri));
    json_object_end(&w);
    crypt_wipe(uri.data, uri.len);
    crypt_wipe(text.data, text.len);
    buf_free(&uri);
    buf_free(&text);
}

static bool offer_totp(struct call *call, struct err *err)
{
    uint8_t bytes[TOTP_SECRET_BYTES];
    struct str secret = {(const char *)bytes, sizeof bytes};
    struct buf sealed = BUF_EMPTY;
    bool ok = false;

    if (!call_no_params(call, err)) {
        return false;
    }
    random_bytes(bytes, sizeof bytes);
    totp_secret_close(&call->gateway->seal_keys, call->person->user_id, secret,
                      &sealed);
    ok = person_totp_offer(call->db, call_org(call), call->person->user_id,
                           buf_str(&sealed), err);
    if (ok) {
        write_offer(call, secret);
    }
    crypt_wipe(bytes, sizeof bytes);
    buf_free(&sealed);
    return ok;
}

static bool refuse_code(struct call *call, const char *why, struct err *err)
{
    (void)fault_add(call_faults(call), STR("code"), FAULT_NOT_ALLOWED, "%s",
                    why);
    return call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
}

/* Does the code fit the secret that was offered? */
static bool check_code(struct call *call, struct str code,
                       struct person_kept *kept, int64_t *step, struct err *err)
{
    const struct person_session *s = call->person;
    struct str secret = STR_NONE;

    if (!person_kept(call->db, s->org_id, s->user_id, call->arena, kept, err)) {
        return false;
    }
    if (kept->totp_pending.len == 0) {
        return refuse_code(call, "get a secret first", err);
    }
    if (!totp_secret_open(&call->gateway->seal_keys, s->user_id,
                          kept->totp_pending, call->arena, &secret, err)) {
        return false;
    }
    return totp_check(secret, code, call->now_us, step) ||
           refuse_code(call,
                       "is not the code of this moment; is the "
                       "authenticator's clock right?",
                       err);
}

static bool note(struct call *call, struct str action, struct err *err)
{
    const struct author by = call_author(call);

    return audit_note(call->db, call_org(call), action, by.actor, &by,
                      call->now_us, err);
}

static bool take_totp(struct call *call, struct err *err)
{
    const struct person_session *s = call->person;
    const Porter__V1__AuthenticatorCode *in = NULL;
    ProtobufCMessage *message = NULL;
    struct person_kept kept = {0};
    int64_t step = 0;
    bool taken = false;

    if (!call_no_params(call, err) || !call_input(call, &message, err)) {
        return false;
    }
    in = (const void *)message;
    if (!check_code(call, str_of(in->code), &kept, &step, err) ||
        !person_totp_take(call->db, s->org_id, s->user_id, kept.totp_pending,
                          step, &taken, err)) {
        return false;
    }
    if (!taken) {
        return refuse_code(call, "another secret was given meanwhile", err);
    }
    if (!note(call, STR("person.totp_set"), err)) {
        return false;
    }
    call_answer(call, HTTP_NO_CONTENT, STR_NONE);
    return true;
}

static bool drop_totp(struct call *call, struct err *err)
{
    bool dropped = false;

    if (!call_no_params(call, err) ||
        !person_totp_drop(call->db, call_org(call), call->person->user_id,
                          &dropped, err) ||
        (dropped && !note(call, STR("person.totp_removed"), err))) {
        return false;
    }
    call_answer(call, HTTP_NO_CONTENT, STR_NONE);
    return true;
}

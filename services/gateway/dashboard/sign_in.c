/* Signing in and out, and confirming.
 *
 * Nothing that is answered, nor how long it takes, tells whether an e-mail has
 * an account: an unknown one costs the same work and is counted the same. What
 * an account has tried is counted before the password is looked at, and taken
 * back when it was right, so that many at once are no way around it. */
#include "gateway/dashboard/dashboard.h"

#include "base/clock.h"
#include "crypt/totp.h"
#include "gateway/dashboard/body.h"
#include "gateway/dashboard/door.h"
#include "store/totp_secret.h"
#include "gateway/guess.h"
#include "gateway/throttle.h"
#include "log/log.h"

static handler_fn sign_in, sign_out, show_session, confirm_session;

/* clang-format off */
static const struct rule_table *sign_in_rules(void);
static const struct rule_table *confirm_rules(void);

static const struct operation operations[] = {
    {WEB_POST, "/dashboard/api/sign-in", 0, OP_OPEN | OP_BODY | OP_DIRECT, sign_in,
     "sign_in", "Sign in", .rules = sign_in_rules},
    {WEB_POST, "/dashboard/api/sign-out", 0, OP_DIRECT, sign_out,
     "sign_out", "Sign out", .status = HTTP_NO_CONTENT},
    {WEB_GET, "/dashboard/api/session", 0, OP_QUIET, show_session,
     "show_session", "Show who is signed in", .status = HTTP_OK},
    {WEB_POST, "/dashboard/api/confirm", 0, OP_BODY | OP_DIRECT, confirm_session,
     "confirm_session", "Confirm with the password", .rules = confirm_rules},
};
const struct operation_table sign_in_operations = OPERATIONS(operations);

static const struct rule sign_in_rows[] = {
    {.path = "email", .format = RULE_PLAIN, .required = true, .min = 1, .max = EMAIL_MAX},
    {.path = "password", .format = RULE_PLAIN, .required = true, .min = 1, .max = PASSWORD_MAX},
    {.path = "code", .format = RULE_PLAIN, .min = 1, .max = 20},
};
static const struct rule confirm_rows[] = {
    {.path = "password", .format = RULE_PLAIN, .required = true, .min = 1, .max = PASSWORD_MAX},
};

/* At once, then one a minute; and from one address one each ten seconds. */
static const struct throttle_rule account_rule = {"account", 10, 60000};
static const struct throttle_rule address_rule = {"address", 60, 10000};
/* clang-format on */

static const struct rule_table *sign_in_rules(void)
{
    static const struct rule_table table = {
        &porter__v1__sign_in__descriptor, sign_in_rows, COUNT_OF(sign_in_rows)};

    return &table;
}

static const struct rule_table *confirm_rules(void)
{
    static const struct rule_table table = {
        &porter__v1__confirmation__descriptor, confirm_rows,
        COUNT_OF(confirm_rows)};

    return &table;
}

/* --- who tries ----------------------------------------------------------- */

struct attempt {
    const Porter__V1__SignIn *in;
    struct str account; /* What the e-mail is found by. */
    struct guess_address from;
    struct person_secrets who;
    bool is_there;
    int64_t step; /* Of the code; 0: none */
};

static struct str address_of(const struct attempt *a)
{
    return (struct str){(const char *)a->from.bytes, sizeof a->from.bytes};
}

static bool take_turn(struct call *call, const struct attempt *a,
                      struct err *err)
{
    struct throttle *t = call->gateway->throttle;
    int64_t retry_ms = 0;
    bool may =
        throttle_take(t, &address_rule, address_of(a), call->arena, &retry_ms);

    if (may &&
        !throttle_take(t, &account_rule, a->account, call->arena, &retry_ms)) {
        throttle_give(t, &address_rule, address_of(a), call->arena);
        may = false;
    }
    if (may) {
        return true;
    }
    call->admission.retry_ms = retry_ms;
    return call_refuse(call, PROBLEM_SIGN_INS_SLOWED, err,
                       "too many tries to sign in; wait %lld s",
                       (long long)call_seconds(retry_ms));
}

static void give_turn_back(struct call *call, const struct attempt *a)
{
    struct throttle *t = call->gateway->throttle;

    throttle_give(t, &address_rule, address_of(a), call->arena);
    throttle_give(t, &account_rule, a->account, call->arena);
}

/* The log says whose account it was; the answer does not. */
static bool refuse(struct call *call, const struct attempt *a, const char *why,
                   struct err *err)
{
    struct id_text id = id_text(ID_USER, a->who.id);
    const struct log_field fields[] = {
        LOG_STR("request_id", call->request_id),
        LOG_STR("remote", call->request->remote),
        LOG_TEXT("person", a->is_there ? id.data : NULL),
        LOG_TEXT("because", why),
    };

    log_write(LOG_INFO, "sign_in.refused", fields, COUNT_OF(fields));
    return call_refuse(call, PROBLEM_SIGN_IN_REFUSED, err,
                       "e-mail, password and code do not fit together");
}

/* --- checking ------------------------------------------------------------ */

static bool check_password(struct call *call, struct attempt *a,
                           struct err *err)
{
    struct str stored = STR_NONE;
    bool right = false;

    if (!person_by_email(call->db, str_of(a->in->email), call->arena,
                         &a->is_there, &a->who, err)) {
        return false;
    }
    if (a->is_there && !a->who.is_disabled) {
        stored = a->who.password;
    }
    if (!body_compare_password(call, str_of(a->in->password), stored, &right,
                               err)) {
        return false;
    }
    return right || refuse(call, a, "password", err);
}

static bool check_code(struct call *call, struct attempt *a, struct err *err)
{
    struct str secret = STR_NONE;
    bool right = false;

    if (a->who.totp.len == 0) {
        return true;
    }
    if (a->in->code[0] == '\0') {
        give_turn_back(call, a);
        return call_refuse(call, PROBLEM_CODE_REQUIRED, err,
                           "send the code of the authenticator as well");
    }
    if (!totp_secret_open(&call->gateway->seal_keys, a->who.id, a->who.totp,
                          call->arena, &secret, err)) {
        return false;
    }
    right = totp_check(secret, str_of(a->in->code), call->now_us, &a->step);
    return right || refuse(call, a, "code", err);
}

/* --- the session --------------------------------------------------------- */

static bool begin_session(struct call *call, struct attempt *a,
                          struct token *token, bool *begun, struct err *err)
{
    struct id_text who = id_text(ID_USER, a->who.id);
    const struct author by = {.actor = str_of(who.data),
                              .request_id = call->request_id,
                              .address = call->request->remote};
    struct person_session_input in = {
        .who = &a->who,
        .totp_step = a->step,
        .user_agent = web_header(call->request, STR("User-Agent")),
        .by = &by,
        .now_us = call->now_us,
    };

    if (!door_token(call, &in.before)) {
        in.before = (struct sha256){{0}};
    }
    return person_session_begin(call->db, &in, token, begun, err);
}

/* A new token at each sign-in; what the browser had before is worth nothing. */
static bool finish(struct call *call, struct attempt *a, struct err *err)
{
    struct person_session *s = arena_zero(call->arena, 1, sizeof *s);
    struct token token = {0};
    bool begun = false;
    bool found = false;

    if (!begin_session(call, a, &token, &begun, err)) {
        return false;
    }
    if (!begun) {
        return refuse(call, a, "used code, or changed", err);
    }
    if (!person_session_find(call->db, token.hash, call->now_us, call->arena,
                             &found, s, err)) {
        return false;
    }
    if (!found) {
        return refuse(call, a, "changed", err);
    }
    give_turn_back(call, a);
    door_set_cookie(call, token.text);
    crypt_wipe(&token, sizeof token);
    call->person = s; /* For the log. */
    call->admission.principal.org_id = s->org_id;
    body_write_session(call, s);
    return true;
}

static bool sign_in(struct call *call, struct err *err)
{
    ProtobufCMessage *message = NULL;
    struct attempt a = {.from = guess_address(call->request->remote)};

    if (!call_no_params(call, err) || !call_input(call, &message, err)) {
        return false;
    }
    a.in = (const void *)message;
    return person_account(call->db, str_of(a.in->email), call->arena,
                          &a.account, err) &&
           take_turn(call, &a, err) && check_password(call, &a, err) &&
           check_code(call, &a, err) && finish(call, &a, err);
}

static bool sign_out(struct call *call, struct err *err)
{
    const struct person_session *s = call->person;
    struct author by = call_author(call);

    if (!call_no_params(call, err) ||
        !person_session_end(call->db, s->org_id, s->user_id, s->id, &by,
                            call->now_us, err)) {
        return false;
    }
    door_set_cookie(call, NULL);
    call_answer(call, HTTP_NO_CONTENT, STR_NONE);
    return true;
}

static bool show_session(struct call *call, struct err *err)
{
    if (!call_no_params(call, err)) {
        return false;
    }
    body_write_session(call, call->person);
    return true;
}

static bool confirm_session(struct call *call, struct err *err)
{
    struct person_session s = *call->person;
    const Porter__V1__Confirmation *in = NULL;
    ProtobufCMessage *message = NULL;
    struct person_kept kept = {0};

    if (!call_no_params(call, err) || !call_input(call, &message, err)) {
        return false;
    }
    in = (const void *)message;
    if (!body_check_password(call, in->password, &kept, err)) {
        return false;
    }
    s.confirmed_until_us = call->now_us + SESSION_CONFIRMED_MS * US_PER_MS;
    if (!person_session_confirm(call->db, &s, s.confirmed_until_us, err)) {
        return false;
    }
    body_write_session(call, &s);
    return true;
}

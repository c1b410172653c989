/* One-time links: made for somebody, and used by whoever has them. */
#include "gateway/dashboard/dashboard.h"

#include "gateway/dashboard/body.h"
#include "gateway/dashboard/role.h"

#define TOKEN_MAX 100 /* Longer than any of ours. */

static handler_fn list_invitations, create_invitation, delete_invitation;
static handler_fn look_at_invitation, accept_invitation;

/* clang-format off */
static const struct rule_table *create_rules(void);
static const struct rule_table *look_rules(void);
static const struct rule_table *accept_rules(void);

static const struct operation operations[] = {
    {WEB_GET, "/dashboard/api/invitations", RIGHT_PEOPLE, 0, list_invitations,
     "list_invitations", "List the links that wait to be used", .status = HTTP_OK},
    {WEB_POST, "/dashboard/api/invitations", RIGHT_PEOPLE, OP_BODY, create_invitation,
     "create_invitation", "Invite somebody; the link is shown this once",
     .rules = create_rules, .status = HTTP_CREATED, .problems = {PROBLEM_CONFLICT, PROBLEM_LIMIT_REACHED}},
    {WEB_DELETE, "/dashboard/api/invitations/{id}", RIGHT_PEOPLE, 0, delete_invitation,
     "delete_invitation", "Withdraw a link", .status = HTTP_NO_CONTENT},
    {WEB_POST, "/dashboard/api/invitation/look", 0, OP_OPEN | OP_BODY | OP_DIRECT, look_at_invitation,
     "look_at_invitation", "Show what a link is for", .rules = look_rules, .status = HTTP_OK},
    {WEB_POST, "/dashboard/api/invitations/accept", 0, OP_OPEN | OP_BODY | OP_DIRECT, accept_invitation,
     "accept_invitation", "Use a link: choose a password",
     .rules = accept_rules, .status = HTTP_NO_CONTENT},
};
const struct operation_table invitation_operations = OPERATIONS(operations);

static const struct rule create_rows[] = {
    {.path = "email", .format = RULE_EMAIL, .required = true, .min = 3, .max = EMAIL_MAX},
    {.path = "role", .format = RULE_WORD, .required = true, .words = role_words},
};
static const struct rule look_rows[] = {
    {.path = "token", .format = RULE_PLAIN, .required = true, .min = 1, .max = TOKEN_MAX},
};
static const struct rule accept_rows[] = {
    {.path = "token", .format = RULE_PLAIN, .required = true, .min = 1, .max = TOKEN_MAX},
    {.path = "name", .format = RULE_LINE, .min = 1, .max = PERSON_NAME_MAX},
    {.path = "password", .format = RULE_PLAIN, .required = true, .min = PASSWORD_MIN, .max = PASSWORD_MAX},
};
/* clang-format on */

static const struct rule_table *create_rules(void)
{
    static const struct rule_table table = {
        &porter__v1__invitation_input__descriptor, create_rows,
        COUNT_OF(create_rows)};

    return &table;
}

static const struct rule_table *look_rules(void)
{
    static const struct rule_table table = {
        &porter__v1__invitation_token__descriptor, look_rows,
        COUNT_OF(look_rows)};

    return &table;
}

static const struct rule_table *accept_rules(void)
{
    static const struct rule_table table = {&porter__v1__acceptance__descriptor,
                                            accept_rows, COUNT_OF(accept_rows)};

    return &table;
}

/* --- for those who invite ------------------------------------------------ */

static bool list_invitations(struct call *call, struct err *err)
{
    struct invitation *list = NULL;
    struct json_writer w;
    size_t count = 0;

    if (!call_no_params(call, err) ||
        !invitation_list(call->db, call_org(call), call->now_us, call->arena,
                         &list, &count, err)) {
        return false;
    }
    w = body_begin(call, HTTP_OK);
    body_array(&w, "invitations");
    for (size_t i = 0; i < count; i++) {
        json_object_begin(&w);
        body_invitation(&w, &list[i]);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    return true;
}

static bool create_invitation(struct call *call, struct err *err)
{
    const Porter__V1__InvitationInput *body = NULL;
    struct author by = call_author(call);
    struct invitation in = {.org_id = call_org(call), .created_by = by.actor};
    ProtobufCMessage *message = NULL;
    struct token token = {0};

    if (!call_no_params(call, err) || !call_input(call, &message, err)) {
        return false;
    }
    body = (const void *)message;
    in.email = str_of(body->email);
    (void)!role_read(str_of(body->role), &in.role); /* By the rules. */
    if (!role_may_give(call->person->role, in.role)) {
        return call_refuse(call, PROBLEM_ROLE_NOT_ALLOWED, err,
                           "only an owner makes somebody an owner");
    }
    if (!invitation_make(call->db, &in, &by, call->now_us, &token, err)) {
        return call_not_made(call, err);
    }
    return body_answer_link(call, &in, &token);
}

static bool delete_invitation(struct call *call, struct err *err)
{
    struct author by = call_author(call);
    struct id id = {{0}};

    if (!call_no_params(call, err) ||
        !call_path_id(call, ID_INVITATION, &id, err) ||
        !invitation_delete(call->db, call_org(call), id, &by, call->now_us,
                           err)) {
        return false;
    }
    call_answer(call, HTTP_NO_CONTENT, STR_NONE);
    return true;
}

/* --- for those who come -------------------------------------------------- */

static bool find(struct call *call, struct str text, struct sha256 *token,
                 struct invitation *in, struct err *err)
{
    bool found = false;

    if (token_hash(text, token) &&
        !invitation_find(call->db, *token, call->now_us, call->arena, &found,
                         in, err)) {
        return false;
    }
    return found || err_set(err, ERR_NOT_FOUND,
                            "this link was used, withdrawn, or is over");
}

/* The token comes in a body: addresses stand in logs. */
static bool look_at_invitation(struct call *call, struct err *err)
{
    const Porter__V1__InvitationToken *body = NULL;
    ProtobufCMessage *message = NULL;
    struct invitation in = {0};
    struct sha256 token = {{0}};
    struct json_writer w;

    if (!call_no_params(call, err) || !call_input(call, &message, err)) {
        return false;
    }
    body = (const void *)message;
    if (!find(call, str_of(body->token), &token, &in, err)) {
        return false;
    }
    w = body_begin(call, HTTP_OK);
    body_text(&w, "organization", in.organization);
    body_text(&w, "email", in.email);
    body_text(&w, "role", str_of(role_words[in.role]));
    body_text(&w, "kind",
              id_is_zero(in.user_id) ? STR("invitation")
                                     : STR("password_reset"));
    json_object_end(&w);
    return true;
}

/* The link is looked at before the password is hashed: that is work. */
static bool accept_invitation(struct call *call, struct err *err)
{
    const struct author by = {.request_id = call->request_id,
                              .address = call->request->remote};
    const Porter__V1__Acceptance *body = NULL;
    ProtobufCMessage *message = NULL;
    struct str password = STR_NONE;
    struct invitation in = {0};
    struct sha256 token = {{0}};

    if (!call_no_params(call, err) || !call_input(call, &message, err)) {
        return false;
    }
    body = (const void *)message;
    if (!find(call, str_of(body->token), &token, &in, err)) {
        return false;
    }
    if (id_is_zero(in.user_id) && body->name[0] == '\0') {
        (void)fault_add(call_faults(call), STR("name"), FAULT_REQUIRED,
                        "say what people call you");
        return call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
    }
    if (!body_hash_password(call, str_of(body->password), &password, err) ||
        !invitation_accept(call->db, token, str_of(body->name), password, &by,
                           call->now_us, err)) {
        return false;
    }
    call_answer(call, HTTP_NO_CONTENT, STR_NONE);
    return true;
}

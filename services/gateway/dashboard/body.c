/* Small things that every operation of the dashboard needs. */
#include "gateway/dashboard/body.h"

#include "base/clock.h"
#include "gateway/passwords.h"
#include "gateway/throttle.h"
#include "store/event.h"

/* Who is signed in and tries his password: apart from signing in, so that
 * nobody outside can use these tries up. */
static const struct throttle_rule confirm_rule = {"confirm", 10, 60000};

void body_text(struct json_writer *w, const char *name, struct str value)
{
    json_key(w, str_of(name));
    json_add_text(w, value);
}

void body_text_or_null(struct json_writer *w, const char *name,
                       struct str value)
{
    json_key(w, str_of(name));
    if (value.len > 0) {
        json_add_text(w, value);
    } else {
        json_add_null(w);
    }
}

void body_id(struct json_writer *w, const char *name, enum id_kind kind,
             struct id id)
{
    json_key(w, str_of(name));
    json_add_text(w, str_of(id_text(kind, id).data));
}

void body_time(struct json_writer *w, const char *name, int64_t at_us)
{
    json_key(w, str_of(name));
    if (at_us == DB_TIME_NULL) {
        json_add_null(w);
    } else {
        json_add_time(w, at_us);
    }
}

void body_bool(struct json_writer *w, const char *name, bool value)
{
    json_key(w, str_of(name));
    json_add_bool(w, value);
}

void body_int(struct json_writer *w, const char *name, int64_t value)
{
    json_key(w, str_of(name));
    json_add_int(w, value);
}

void body_array(struct json_writer *w, const char *name)
{
    json_key(w, str_of(name));
    json_array_begin(w);
}

struct json_writer body_begin(struct call *call, unsigned status)
{
    struct json_writer w = json_writer(&call->response->body);

    call_answer(call, status, JSON_TYPE);
    json_object_begin(&w);
    return w;
}

bool body_compare_password(struct call *call, struct str password,
                           struct str stored, bool *right, struct err *err)
{
    if (passwords_check(call->gateway->passwords, password, stored, right,
                        err)) {
        return true;
    }
    call->problem = PROBLEM_OVERLOADED;
    return false;
}

bool body_hash_password(struct call *call, struct str password,
                        struct str *stored, struct err *err)
{
    struct buf text = BUF_EMPTY;
    bool ok = passwords_hash(call->gateway->passwords, password, &text, err);

    if (ok) {
        *stored = arena_str(call->arena, buf_str(&text));
    } else {
        call->problem = PROBLEM_OVERLOADED;
    }
    buf_free(&text);
    return ok;
}

bool body_check_password(struct call *call, const char *password,
                         struct person_kept *kept, struct err *err)
{
    struct throttle *t = call->gateway->throttle;
    struct id_text who = id_text(ID_USER, call->person->user_id);
    int64_t retry_ms = 0;
    bool right = false;

    if (!throttle_take(t, &confirm_rule, str_of(who.data), call->arena,
                       &retry_ms)) {
        call->admission.retry_ms = retry_ms;
        return call_refuse(call, PROBLEM_SIGN_INS_SLOWED, err,
                           "too many wrong passwords; wait %lld s",
                           (long long)call_seconds(retry_ms));
    }
    if (!person_kept(call->db, call_org(call), call->person->user_id,
                     call->arena, kept, err) ||
        !body_compare_password(call, str_of(password), kept->password, &right,
                               err)) {
        return false;
    }
    if (!right) {
        return call_refuse(call, PROBLEM_CONFIRMATION_REFUSED, err,
                           "this is not your password");
    }
    throttle_give(t, &confirm_rule, str_of(who.data), call->arena);
    return true;
}

void body_write_session(struct call *call, const struct person_session *s)
{
    struct json_writer w = body_begin(call, HTTP_OK);

    json_key(&w, STR("person"));
    json_object_begin(&w);
    body_id(&w, "id", ID_USER, s->user_id);
    body_text(&w, "email", s->email);
    body_text(&w, "name", s->name);
    body_text(&w, "role", str_of(role_words[s->role]));
    body_bool(&w, "totp_enabled", s->has_totp);
    json_object_end(&w);
    json_key(&w, STR("organization"));
    json_object_begin(&w);
    body_id(&w, "id", ID_ORGANIZATION, s->org_id);
    body_text(&w, "name", s->organization);
    json_object_end(&w);
    body_time(&w, "confirmed_until",
              s->confirmed_until_us > call->now_us ? s->confirmed_until_us
                                                   : DB_TIME_NULL);
    body_text(&w, "public_url", call_base_url(call));
    body_text(&w, "api_version", STR(EVENT_API_VERSION));
    json_object_end(&w);
}

void body_invitation(struct json_writer *w, const struct invitation *in)
{
    body_id(w, "id", ID_INVITATION, in->id);
    body_text(w, "email", in->email);
    body_text(w, "role", str_of(role_words[in->role]));
    body_text(w, "kind",
              id_is_zero(in->user_id) ? STR("invitation")
                                      : STR("password_reset"));
    body_text_or_null(w, "created_by", in->created_by);
    body_time(w, "created_at", in->created_at_us);
    body_time(w, "expires_at", in->expires_at_us);
}

/* The token stands behind the fragment's mark, so that no server's log gets to
 * see it. */
bool body_answer_link(struct call *call, const struct invitation *in,
                      struct token *token)
{
    struct json_writer w = body_begin(call, HTTP_CREATED);

    body_invitation(&w, in);
    body_text(&w, "link",
              arena_printf(call->arena, "%.*s" INVITATION_PATH "%s",
                           STR_ARGS(call_base_url(call)), token->text));
    json_object_end(&w);
    crypt_wipe(token, sizeof *token);
    return true;
}

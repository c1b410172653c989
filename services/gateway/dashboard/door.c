/* Cookie, page and role: who may come in by the dashboard's door. */
#include "gateway/dashboard/door.h"

#include "base/clock.h"
#include "gateway/dashboard/role.h"
#include "gateway/routes.h"
#include "gateway/throttle.h"
#include "web/cookie.h"

#define DOOR "/dashboard/api/"
#define MIRROR "/dashboard/api/v1/"
#define PREFIX_LEN (sizeof "/dashboard" - 1) /* Before the API's own path. */
#define COOKIE "__Host-porter_session"

/* Of one person, all gateways together. */
static const struct throttle_rule person_rule = {"person", 600, 100};

/* --- which operation ----------------------------------------------------- */

bool door_find(struct call *call, enum web_method method)
{
    struct str path = call->request->path;
    const struct operation *op = NULL;

    if (!str_starts(path, STR(DOOR))) {
        return false;
    }
    call->is_dashboard = true;
    if (!str_starts(path, STR(MIRROR))) {
        call->match = router_find(call->gateway->inner_router, method, path);
        return true;
    }
    path = (struct str){path.data + PREFIX_LEN, path.len - PREFIX_LEN};
    call->match = router_find(call->gateway->router, method, path);
    op = call->match.route != NULL ? call->match.route->row : NULL;
    if (op != NULL && (op->flags & (OP_OPEN | OP_KEY_ONLY)) != 0) {
        call->match = (struct route_match){0};
    }
    return true;
}

/* --- whose page ---------------------------------------------------------- */

static bool is_safe(enum web_method method)
{
    return method == WEB_GET || method == WEB_HEAD || method == WEB_OPTIONS;
}

/* Browsers of today say where a request comes from, and pages can't change it.
 * "none" is somebody who typed the address: good for reading. */
static bool is_ours_by_fetch(const struct call *call, bool is_read)
{
    struct str site = web_header(call->request, STR("Sec-Fetch-Site"));

    return web_header_count(call->request, STR("Sec-Fetch-Site")) == 1 &&
           (str_eq(site, STR("same-origin")) ||
            (is_read && str_eq(site, STR("none"))));
}

static bool is_ours_by_origin(const struct call *call)
{
    struct str origin = web_header(call->request, STR("Origin"));

    return web_header_count(call->request, STR("Origin")) == 1 &&
           origin.len > 0 && str_eq(origin, call_base_url(call));
}

bool door_guard(struct call *call, struct err *err)
{
    const bool is_read = is_safe(call->request->method);
    const bool says =
        web_header_count(call->request, STR("Sec-Fetch-Site")) > 0;

    if (!call->is_dashboard) {
        return true;
    }
    if (says ? is_ours_by_fetch(call, is_read)
             : is_read || is_ours_by_origin(call)) {
        return true;
    }
    return call_refuse(call, PROBLEM_CROSS_SITE, err,
                       "neither Sec-Fetch-Site nor Origin says that the "
                       "dashboard's own page sent this");
}

/* --- who ----------------------------------------------------------------- */

bool door_token(const struct call *call, struct sha256 *out)
{
    struct str text = STR_NONE;

    return cookie_find(call->request, STR(COOKIE), &text) == 1 &&
           token_hash(text, out);
}

void door_set_cookie(struct call *call, const char *token)
{
    struct str line = arena_printf(
        call->arena,
        COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%lld",
        token == NULL ? "" : token,
        token == NULL ? 0LL : SESSION_LIFE_MS / MS_PER_S);

    web_add_header(call->response, STR("Set-Cookie"), line);
}

static bool find_person(struct call *call, struct err *err)
{
    struct person_session *s = arena_zero(call->arena, 1, sizeof *s);
    struct sha256 token = {{0}};
    bool found = false;

    if (!door_token(call, &token)) {
        return call_refuse(call, PROBLEM_SIGN_IN_REQUIRED, err,
                           "the request shows no session");
    }
    if (!person_session_find(call->db, token, call->now_us, call->arena, &found,
                             s, err)) {
        return false;
    }
    if (!found) {
        return call_refuse(call, PROBLEM_SIGN_IN_REQUIRED, err,
                           "this session is over");
    }
    call->person = s;
    call->admission.principal = (struct principal){
        .org_id = s->org_id, .scopes = role_rights(s->role) & SCOPE_ALL};
    return true;
}

/* A page that is left open reads on by itself, and says so: that is no use of
 * the session. What changes something always is. */
static bool is_use(const struct call *call)
{
    const bool is_by_itself =
        is_safe(call->request->method) &&
        str_eq(web_header(call->request, STR("Porter-Background")), STR("1"));

    return (call->operation->flags & OP_QUIET) == 0 && !is_by_itself;
}

bool door_admit(struct call *call, struct err *err)
{
    struct id_text who;
    int64_t retry_ms = 0;

    if (!find_person(call, err)) {
        return false;
    }
    who = id_text(ID_USER, call->person->user_id);
    if (!throttle_take(call->gateway->throttle, &person_rule, str_of(who.data),
                       call->arena, &retry_ms)) {
        call->admission.retry_ms = retry_ms;
        return call_refuse(call, PROBLEM_RATE_LIMITED, err,
                           "you have sent %u requests at once, or %u a minute; "
                           "wait %lld s",
                           person_rule.burst,
                           (unsigned)(60 * MS_PER_S / person_rule.every_ms),
                           (long long)call_seconds(retry_ms));
    }
    return !is_use(call) ||
           person_session_seen(call->db, call->person, call->now_us, err);
}

bool door_check(struct call *call, struct err *err)
{
    const struct operation *op = call->operation;

    if ((op->flags & OP_OPEN) != 0) {
        return true;
    }
    if ((role_rights(call->person->role) & op->scope) != op->scope) {
        return call_refuse(call, PROBLEM_ROLE_NOT_ALLOWED, err,
                           "the role %s may not do this",
                           role_words[call->person->role]);
    }
    if ((op->flags & OP_CONFIRMED) != 0 &&
        call->person->confirmed_until_us <= call->now_us) {
        return call_refuse(call, PROBLEM_CONFIRMATION_REQUIRED, err,
                           "confirm with your password first");
    }
    return true;
}

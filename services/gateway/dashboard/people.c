/* An organization's people: list, change, remove. */
#include "gateway/dashboard/dashboard.h"

#include "gateway/dashboard/body.h"
#include "gateway/dashboard/role.h"
#include "gateway/list.h"

static handler_fn list_people, update_person, remove_person, reset_password;

/* clang-format off */
static const struct param_table params;
static const struct rule_table *update_rules(void);
static const char *const update_either[] = {"name", "role", NULL};

static const struct operation operations[] = {
    {WEB_GET, "/dashboard/api/people", RIGHT_PEOPLE, 0, list_people,
     "list_people", "List people, also those who were removed", .params = &params, .status = HTTP_OK},
    {WEB_PATCH, "/dashboard/api/people/{id}", RIGHT_PEOPLE, OP_BODY, update_person,
     "update_person", "Change a person's name or role", .rules = update_rules, .either = update_either,
     .problems = {PROBLEM_CONFLICT}, .status = HTTP_OK},
    {WEB_DELETE, "/dashboard/api/people/{id}", RIGHT_PEOPLE, 0, remove_person,
     "remove_person", "Remove a person; all of his sessions end", .problems = {PROBLEM_CONFLICT},
     .status = HTTP_NO_CONTENT},
    {WEB_POST, "/dashboard/api/people/{id}/reset-password", RIGHT_PEOPLE, OP_CONFIRMED, reset_password,
     "reset_password", "Make a link by which a person sets a new password; it is shown this once",
     .problems = {PROBLEM_LIMIT_REACHED}, .status = HTTP_CREATED},
};
const struct operation_table people_operations = OPERATIONS(operations);

static const struct param_row param_rows[] = {LIST_PARAM_ROWS};
static const struct param_table params = {param_rows, COUNT_OF(param_rows)};

static const struct rule update_rows[] = {
    {.path = "name", .format = RULE_LINE, .min = 1, .max = PERSON_NAME_MAX},
    {.path = "role", .format = RULE_WORD, .words = role_words},
};
/* clang-format on */

static const struct rule_table *update_rules(void)
{
    static const struct rule_table table = {
        &porter__v1__person_change__descriptor, update_rows,
        COUNT_OF(update_rows)};

    return &table;
}

static void write_person(struct json_writer *w, const struct person *p)
{
    json_object_begin(w);
    body_id(w, "id", ID_USER, p->id);
    body_text(w, "email", p->email);
    body_text(w, "name", p->name);
    body_text(w, "role", str_of(role_words[p->role]));
    body_bool(w, "totp_enabled", p->has_totp);
    body_time(w, "created_at", p->created_at_us);
    body_time(w, "last_seen_at", p->last_seen_at_us);
    body_time(w, "disabled_at", p->disabled_at_us);
    json_object_end(w);
}

static bool list_people(struct call *call, struct err *err)
{
    struct list_end end = {.total = LIST_NO_TOTAL};
    struct person *people = NULL;
    struct json_writer w;
    struct list list;
    size_t count = 0;

    if (!list_read(call, "people", &params, &list, err) ||
        !person_list(call->db, call_org(call), list.after.id, list.limit + 1,
                     call->arena, &people, &count, err)) {
        return false;
    }
    if (list_has_more(&list, &count, &end)) {
        end.last.id = people[count - 1].id;
    }
    w = list_begin(call, &list);
    for (size_t i = 0; i < count; i++) {
        write_person(&w, &people[i]);
    }
    list_finish(call, &list, &w, &end);
    return true;
}

/* Whom is it about, and may he be touched? */
static bool find(struct call *call, struct person *p, struct err *err)
{
    struct id id = {{0}};

    if (!call_path_id(call, ID_USER, &id, err) ||
        !person_find(call->db, call_org(call), id, call->arena, p, err)) {
        return false;
    }
    return role_may_give(call->person->role, p->role) ||
           call_refuse(call, PROBLEM_ROLE_NOT_ALLOWED, err,
                       "only an owner changes or removes an owner");
}

static struct person_change change_of(const struct call *call, struct id id,
                                      const struct author *by)
{
    return (struct person_change){
        .org_id = call_org(call),
        .id = id,
        .may_owner = call->person->role == ROLE_OWNER,
        .by = by,
        .now_us = call->now_us,
    };
}

static bool update_person(struct call *call, struct err *err)
{
    const struct author by = call_author(call);
    const Porter__V1__PersonChange *in = NULL;
    struct person_change change;
    ProtobufCMessage *message = NULL;
    enum role role = ROLE_VIEWER;
    struct json_writer w;
    struct person p = {0};

    if (!call_no_params(call, err) || !find(call, &p, err) ||
        !call_input(call, &message, err)) {
        return false;
    }
    in = (const void *)message;
    change = change_of(call, p.id, &by);
    change.name = in->name[0] == '\0' ? STR_NONE : str_of(in->name);
    change.role = role_read(str_of(in->role), &role) ? &role : NULL;
    if (change.role != NULL && !role_may_give(call->person->role, role)) {
        return call_refuse(call, PROBLEM_ROLE_NOT_ALLOWED, err,
                           "only an owner makes somebody an owner");
    }
    if (!person_update(call->db, &change, err) ||
        !person_find(call->db, call_org(call), p.id, call->arena, &p, err)) {
        return false;
    }
    call_answer(call, HTTP_OK, JSON_TYPE);
    w = json_writer(&call->response->body);
    write_person(&w, &p);
    return true;
}

static bool remove_person(struct call *call, struct err *err)
{
    const struct author by = call_author(call);
    struct person_change change;
    struct person p = {0};

    if (!call_no_params(call, err) || !find(call, &p, err)) {
        return false;
    }
    change = change_of(call, p.id, &by);
    if (!person_remove(call->db, &change, err)) {
        return false;
    }
    call_answer(call, HTTP_NO_CONTENT, STR_NONE);
    return true;
}

static bool reset_password(struct call *call, struct err *err)
{
    const struct author by = call_author(call);
    struct invitation in = {.org_id = call_org(call), .created_by = by.actor};
    struct token token = {0};
    struct person p = {0};

    if (!call_no_params(call, err) || !find(call, &p, err)) {
        return false;
    }
    in.email = p.email;
    if (!invitation_make_reset(call->db, &in, &by, call->now_us, &token, err)) {
        return call_not_made(call, err);
    }
    return body_answer_link(call, &in, &token);
}

/* The audit log, with names instead of ids. */
#include "gateway/dashboard/dashboard.h"

#include "gateway/dashboard/body.h"
#include "gateway/dashboard/role.h"
#include "gateway/list.h"
#include "store/dashboard.h"
#include "store/key.h"

static handler_fn list_audit;

/* clang-format off */
static const struct param_table params;

static const struct operation operations[] = {
    {WEB_GET, "/dashboard/api/audit", RIGHT_AUDIT, 0, list_audit,
     "list_audit", "List who changed what, newest first", .params = &params, .status = HTTP_OK},
};
const struct operation_table audit_operations = OPERATIONS(operations);

enum audit_param { BY_ACTOR = LIST_PARAM_COUNT, ABOUT };

/* What actions begin with. */
static const char *const kinds[] = {"visitor", "contractor", "evacuation", "webhook", "delivery", "replay", "key",
                                    "person", "invitation", "session", "organization", "subject", NULL};

static const struct param_row param_rows[] = {
    LIST_PARAM_ROWS,
    [BY_ACTOR] = {.name = "actor", .kind = PARAM_TEXT, .is_filter = true, .min = 1, .max = 254,
        .help = "A person's or a key's id, or a program's name."},
    [ABOUT] = {.name = "about", .kind = PARAM_WORD, .is_filter = true, .words = kinds,
        .help = "What the action's name begins with; not together with `actor`."},
};
static const struct param_table params = {param_rows, COUNT_OF(param_rows)};
/* clang-format on */

/* Those who are named on a page. */
struct names {
    struct audit_name *list;
    size_t count;
};

static bool read_names(struct call *call, const struct audit_entry *entries,
                       size_t count, struct names *out, struct err *err)
{
    struct id *ids = arena_zero(call->arena, count + 1, sizeof *ids);
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (id_read(ID_USER, entries[i].actor, &ids[n]) ||
            id_read(ID_KEY, entries[i].actor, &ids[n])) {
            n++;
        }
    }
    return audit_names(call->db, call_org(call), ids, n, call->arena,
                       &out->list, &out->count, err);
}

static struct str name_of(const struct names *n, struct id id)
{
    for (size_t i = 0; i < n->count; i++) {
        if (id_eq(n->list[i].id, id)) {
            return n->list[i].name;
        }
    }
    return STR_NONE;
}

static void write_actor(struct json_writer *w, struct str actor,
                        const struct names *names)
{
    struct str kind = STR("program");
    struct str name = actor;
    struct id id = {{0}};

    if (id_read(ID_USER, actor, &id)) {
        kind = STR("person");
        name = name_of(names, id);
    } else if (id_read(ID_KEY, actor, &id)) {
        kind = STR("key");
        name = name_of(names, id);
    } else if (str_has(actor, '@')) { /* Who came by a link. */
        kind = STR("person");
    }
    json_key(w, STR("actor"));
    json_object_begin(w);
    body_text(w, "kind", kind);
    body_text_or_null(w, "id", id_is_zero(id) ? STR_NONE : actor);
    body_text_or_null(w, "name", name);
    json_object_end(w);
}

static void write_json(struct json_writer *w, const char *name, struct str json)
{
    json_key(w, str_of(name));
    if (json.len > 0) {
        json_add_raw(w, json); /* jsonb's own text. */
    } else {
        json_add_null(w);
    }
}

static void write_entry(struct json_writer *w, const struct audit_entry *e,
                        const struct names *names)
{
    json_object_begin(w);
    body_id(w, "id", ID_AUDIT, e->id);
    body_time(w, "at", e->at_us);
    write_actor(w, e->actor, names);
    body_text(w, "action", e->action);
    body_text_or_null(w, "subject", e->subject);
    write_json(w, "before", e->before);
    write_json(w, "after", e->after);
    write_json(w, "detail", e->detail);
    body_text_or_null(w, "request_id", e->request_id);
    body_text_or_null(w, "address", e->address);
    json_object_end(w);
}

/* No index has both. */
static bool check_one(struct call *call, const struct list *list,
                      struct err *err)
{
    if (!list->params[BY_ACTOR].is_set || !list->params[ABOUT].is_set) {
        return true;
    }
    (void)fault_add(call_faults(call), STR("about"), FAULT_NOT_ALLOWED,
                    "goes not together with actor");
    return call_refuse_faults(call, PROBLEM_INVALID_PARAMETER, err);
}

static bool list_audit(struct call *call, struct err *err)
{
    struct audit_query query = {.org_id = call_org(call)};
    struct list_end end = {.total = LIST_NO_TOTAL};
    struct audit_entry *entries = NULL;
    struct names names = {0};
    struct json_writer w;
    struct list list;
    size_t count = 0;

    if (!list_read(call, "entries", &params, &list, err) ||
        !check_one(call, &list, err)) {
        return false;
    }
    if (list.goes_on) {
        query.before = list.after.id;
    }
    query.actor = list.params[BY_ACTOR].text;
    query.about = list.params[ABOUT].text;
    query.max = list.limit + 1UL;
    if (!audit_list(call->db, &query, call->arena, &entries, &count, err) ||
        !read_names(call, entries, count, &names, err)) {
        return false;
    }
    if (list_has_more(&list, &count, &end)) {
        end.last.id = entries[count - 1].id;
    }
    w = list_begin(call, &list);
    for (size_t i = 0; i < count; i++) {
        write_entry(&w, &entries[i], &names);
    }
    list_finish(call, &list, &w, &end);
    return true;
}

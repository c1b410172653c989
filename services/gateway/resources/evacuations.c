/* Evacuations: list, show, and who was on site. */
#include "gateway/resources/resources.h"

#include "gateway/list.h"
#include "store/evacuation.h"
#include "store/key.h"

static handler_fn list_evacuations, show_evacuation, list_on_site;

/* clang-format off */
static const struct param_table params;
static const struct param_table people_params;

static const struct operation operations[] = {
    {WEB_GET, "/api/v1/evacuations", SCOPE_EVACUATIONS_READ, OP_ETAG, list_evacuations,
     "list_evacuations", "List evacuations and drills, the latest first, with filters and pagination",
     .details = "Without their rosters: those are shown with one evacuation.",
     .params = &params, .answer = &porter__v1__evacuation_summary__descriptor, .list_name = "evacuations"},
    {WEB_GET, "/api/v1/evacuations/{id}", SCOPE_EVACUATIONS_READ, OP_ETAG, show_evacuation,
     "show_evacuation", "Show one evacuation with its roster",
     .details = "`on_site` is the whole roster unless that is very large (900,000 bytes: some 7,000 people with usual names): then it is the first "
                "part by name, fewer than `on_site_count`, and `/on-site` has them all.",
     .answer = &porter__v1__evacuation__descriptor},
    {WEB_GET, "/api/v1/evacuations/{id}/on-site", SCOPE_EVACUATIONS_READ, OP_ETAG, list_on_site,
     "list_on_site", "List who was on site when it was activated, by name",
     .details = "`accounted_for=false` lists who is still missing.",
     .params = &people_params, .answer = &porter__v1__evacuation_person__descriptor, .list_name = "on_site"},
};
const struct operation_table evacuation_operations = OPERATIONS(operations);

enum evacuation_param { BY_STATUS = LIST_PARAM_COUNT, BY_LOCATION, BY_DRILL, EVACUATION_PARAM_COUNT };
enum people_param { BY_ACCOUNTED_FOR = LIST_PARAM_COUNT, PEOPLE_PARAM_COUNT };

static const char *const bool_words[] = {"false", "true", NULL};

static const struct param_row param_rows[] = {
    LIST_PARAM_ROWS,
    [BY_STATUS] = {.name = "status", .kind = PARAM_ENUM, .repeatable = true, .is_filter = true,
        .words_of = &porter__v1__evacuation_status__descriptor, .help = "May be repeated: any of these."},
    [BY_LOCATION] = {.name = "location_id", .kind = PARAM_ID, .is_filter = true, .id_kind = ID_LOCATION,
        .help = "Of this location."},
    [BY_DRILL] = {.name = "drill", .kind = PARAM_WORD, .is_filter = true, .words = bool_words,
        .help = "Only drills, or only real ones."},
};
static const struct param_table params = {param_rows, COUNT_OF(param_rows)};
_Static_assert(COUNT_OF(param_rows) == EVACUATION_PARAM_COUNT, "one row per parameter");

static const struct param_row people_rows[] = {
    LIST_PARAM_ROWS,
    [BY_ACCOUNTED_FOR] = {.name = "accounted_for", .kind = PARAM_WORD, .is_filter = true, .words = bool_words,
        .help = "Only those whom the roll-call has found, or only those whom it has not."},
};
static const struct param_table people_params = {people_rows, COUNT_OF(people_rows)};
_Static_assert(COUNT_OF(people_rows) == PEOPLE_PARAM_COUNT, "one row per parameter");
/* clang-format on */

/* 0: not said; else 1 for the first of the words, and so on. */
static unsigned choice_of(const struct param_value *v)
{
    return !v->is_set ? 0 : (v->bits & 1U) != 0 ? 1 : 2;
}

_Static_assert(EVACUATION_REAL == 1 && EVACUATION_DRILL == 2,
               "drill=false, drill=true");
_Static_assert(EVACUATION_MISSING == 1 && EVACUATION_FOUND == 2,
               "accounted_for=false, accounted_for=true");

/* --- evacuations --------------------------------------------------------- */

static struct page_key key_of(const ProtobufCMessage *row)
{
    const Porter__V1__EvacuationSummary *e = (const void *)row;
    struct page_key key = page_key_of(ID_EVACUATION, e->id);

    key.number = call_time_us(e->activated_at);
    return key;
}

static bool list_evacuations(struct call *call, struct err *err)
{
    struct list list;
    struct evacuation_query query;
    Porter__V1__EvacuationSummary **rows = NULL;
    size_t count = 0;

    if (!list_read(call, "evacuations", &params, &list, err)) {
        return false;
    }
    query = (struct evacuation_query){
        .org_id = call_org(call),
        .statuses = list.params[BY_STATUS].bits,
        .kind = (enum evacuation_kind)choice_of(&list.params[BY_DRILL]),
        .location_id = list.params[BY_LOCATION].id,
        .before_us = list.goes_on ? list.after.number : DB_TIME_NULL,
        .before_id = list.goes_on ? list.after.id : (struct id){{0}},
        .max = list.limit + 1UL,
    };
    if (!evacuation_list(call->db, &query, call->arena, &rows, &count, err)) {
        return false;
    }
    list_answer(call, &list, (ProtobufCMessage *const *)(void *)rows, count,
                key_of, LIST_NO_TOTAL);
    return true;
}

static bool read_key(const struct call *call, struct evacuation_key *key,
                     struct err *err)
{
    key->org_id = call_org(call);
    return call_path_id(call, ID_EVACUATION, &key->id, err);
}

/* The roster is only read when the caller does not have it. */
static bool show_evacuation(struct call *call, struct err *err)
{
    struct evacuation_key key;
    Porter__V1__EvacuationSummary *summary = NULL;
    Porter__V1__Evacuation *evacuation = NULL;

    if (!call_no_params(call, err) || !read_key(call, &key, err) ||
        !evacuation_summary(call->db, &key, call->arena, &summary, err)) {
        return false;
    }
    if (call_is_unchanged(call, call_time_us(summary->updated_at))) {
        return true;
    }
    if (!evacuation_find(call->db, &key, call->arena, &evacuation, err)) {
        return false;
    }
    return call_reply(call, HTTP_OK, &evacuation->base);
}

/* --- who was on site ----------------------------------------------------- */

static struct page_key person_key(const ProtobufCMessage *row)
{
    const Porter__V1__EvacuationPerson *p = (const void *)row;
    struct page_key key = page_key_of(ID_VISITOR, p->visitor_id);

    key.text = str_of(p->full_name);
    return key;
}

static bool list_on_site(struct call *call, struct err *err)
{
    struct list list;
    struct evacuation_people_query query = {0};
    Porter__V1__EvacuationSummary *summary = NULL;
    Porter__V1__EvacuationPerson **rows = NULL;
    size_t count = 0;

    if (!read_key(call, &query.key, err) ||
        !list_read(call, "on_site", &people_params, &list, err)) {
        return false;
    }
    query.found =
        (enum evacuation_found)choice_of(&list.params[BY_ACCOUNTED_FOR]);
    query.after_name = list.after.text;
    query.after_id = list.after.id;
    query.max = list.limit + 1UL;
    if (!evacuation_summary(call->db, &query.key, call->arena, &summary, err) ||
        !evacuation_people(call->db, &query, call->arena, &rows, &count, err)) {
        return false;
    }
    list_answer(call, &list, (ProtobufCMessage *const *)(void *)rows, count,
                person_key, LIST_NO_TOTAL);
    return true;
}

/* The event log: read on, look back, show. */
#include "gateway/resources/resources.h"

#include "gateway/list.h"
#include "store/event_log.h"
#include "store/key.h"

static handler_fn list_events;
static handler_fn show_event;

/* clang-format off */
static const struct param_table params;

static const struct operation operations[] = {
    {WEB_GET, "/api/v1/events", SCOPE_EVENTS_READ, OP_ETAG, list_events,
     "list_events", "List what happened, in the order of the log",
     .details = "Every event, as webhooks get it, in one order that is the same for every reader, and in which nothing "
        "ever appears behind what was read. To follow the log, or to catch up after an outage, send the `after` of the "
        "last answer's `pagination` again and again; wait a little when `has_more` is false. An event can be read as "
        "soon as no write transaction that began before it is under way, as a rule within milliseconds.\n\n"
        "The order is not quite that of `created_at`. Of two events about one thing the one whose `updated_at` is "
        "greater is the later one.\n\n"
        "The work for one page is bounded: with filters it may have fewer rows than `limit`, even none, and still "
        "`has_more`.",
     .params = &params, .answer = &porter__v1__event__descriptor, .list_name = "events"},
    {WEB_GET, "/api/v1/events/{id}", SCOPE_EVENTS_READ, OP_ETAG, show_event,
     "show_event", "Show one event", .details = "An event never changes.",
     .answer = &porter__v1__event__descriptor},
};
const struct operation_table event_operations = OPERATIONS(operations);

enum event_param {
    AFTER = LIST_PARAM_COUNT, BY_TYPE, BY_SUBJECT, CREATED_FROM, CREATED_TO, SORT,
    EVENT_PARAM_COUNT
};

#define SUBJECTS (1U << ID_VISITOR | 1U << ID_CONTRACTOR | 1U << ID_EVACUATION | 1U << ID_WEBHOOK)

enum { UPWARDS, DOWNWARDS };
static const char *const sort_words[] = {
    [UPWARDS] = "created_at", [DOWNWARDS] = "-created_at", NULL};

#define FILTER(n, k, ...) {.name = (n), .kind = (k), .is_filter = true, __VA_ARGS__}
static const struct param_row param_rows[] = {
    LIST_PARAM_ROWS,
    [AFTER] = FILTER("after", PARAM_ID, .id_kind = ID_EVENT,
        .help = "Only what stands behind this event in the log: `pagination.after` of an answer, or an event's id. Only in the log's own order."),
    [BY_TYPE] = FILTER("type", PARAM_WORD, .repeatable = true, .words = event_type_words,
        .help = "May be repeated: any of these."),
    [BY_SUBJECT] = FILTER("subject", PARAM_IDS, .id_kinds = SUBJECTS,
        .help = "What it is about: the id of a visitor, contractor, evacuation or webhook."),
    [CREATED_FROM] = FILTER("created_from", PARAM_TIME, .help = "Happened at this time or later."),
    [CREATED_TO] = FILTER("created_to", PARAM_TIME, .from = "created_from", .help = "Happened before this time."),
    [SORT] = FILTER("sort", PARAM_WORD, .words = sort_words, .preset = 1U << UPWARDS,
        .help = "`created_at`: the log's own order, the oldest first (as it is when left out); `-created_at`: the same backwards, from its end."),
};
static const struct param_table params = {param_rows, COUNT_OF(param_rows)};
_Static_assert(COUNT_OF(param_rows) == EVENT_PARAM_COUNT, "one row per parameter");
_Static_assert(EVENT_TYPE_COUNT <= 32, "the types are bits");
/* clang-format on */

static int64_t time_or_null(const struct param_value *v)
{
    return v->is_set ? v->number : DB_TIME_NULL;
}

static struct page_key key_of(struct event_place place)
{
    return (struct page_key){.number = place.txid, .id = place.id};
}

static struct event_query query_of(const struct list *list)
{
    const struct param_value *p = list->params;

    return (struct event_query){
        .filter =
            {
                .types = p[BY_TYPE].bits,
                .subject = p[BY_SUBJECT].text,
                .from_us = time_or_null(&p[CREATED_FROM]),
                .to_us = time_or_null(&p[CREATED_TO]),
            },
        .is_descending = (p[SORT].bits & 1U << DOWNWARDS) != 0,
        .goes_on = list->goes_on,
        .after = {list->after.number, list->after.id, true},
        .max = list->limit,
    };
}

static bool refuse_after(struct call *call, enum fault_code code,
                         const char *why, struct err *err)
{
    (void)fault_add(call_faults(call), STR("after"), code, "%s", why);
    return call_refuse_faults(call, PROBLEM_INVALID_PARAMETER, err);
}

/* A cursor is further on than the `after` that it is bound to. */
static bool read_after(struct call *call, const struct list *list,
                       struct event_query *query, struct err *err)
{
    const struct param_value *after = &list->params[AFTER];
    Porter__V1__Event *event = NULL;

    if (!after->is_set) {
        return true;
    }
    if (query->is_descending) {
        return refuse_after(call, FAULT_NOT_ALLOWED,
                            "goes with the log's own order only: leave out "
                            "sort, or go on backwards with cursor",
                            err);
    }
    if (query->goes_on) {
        return true;
    }
    query->goes_on = event_find(call->db, call_org(call), after->id,
                                call->arena, &event, &query->after, err);
    if (query->goes_on && !query->after.is_settled) {
        query->goes_on = false;
        return refuse_after(
            call, FAULT_NOT_ALLOWED,
            "is not in the log's readable part yet, so others may still come "
            "before it; ask again in a moment, and go on from "
            "`pagination.after` as a rule",
            err);
    }
    if (!query->goes_on && err->code == ERR_NOT_FOUND) {
        return refuse_after(
            call, FAULT_NOT_FOUND,
            "is no event in your log: it never was (a sample, another's), or "
            "it is older than what is kept, and events behind it may be gone "
            "too; begin anew without after",
            err);
    }
    return query->goes_on;
}

static struct str event_text(struct call *call, struct id id)
{
    return arena_str(call->arena, str_of(id_text(ID_EVENT, id).data));
}

static bool list_events(struct call *call, struct err *err)
{
    struct list list;
    struct event_query query;
    struct event_answer answer;

    if (!list_read(call, "events", &params, &list, err)) {
        return false;
    }
    query = query_of(&list);
    if (!read_after(call, &list, &query, err) ||
        !event_list(call->db, call_org(call), &query, call->arena, &answer,
                    err)) {
        return false;
    }
    list.is_cut = answer.has_more;
    list.cut = key_of(answer.end);
    list.is_log = !query.is_descending;
    if (answer.has_end) {
        list.log_end = event_text(call, answer.end.id);
    } else if (query.goes_on) {
        list.log_end = event_text(call, query.after.id);
    }
    list_answer(call, &list, (ProtobufCMessage *const *)(void *)answer.rows,
                answer.count, NULL, LIST_NO_TOTAL);
    return true;
}

static bool show_event(struct call *call, struct err *err)
{
    struct id id;
    Porter__V1__Event *event = NULL;

    if (!call_no_params(call, err) || !call_path_id(call, ID_EVENT, &id, err) ||
        !event_find(call->db, call_org(call), id, call->arena, &event, NULL,
                    err)) {
        return false;
    }
    return call_reply_tagged(call, &event->base);
}

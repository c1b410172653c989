/* Visitors: list, show, pre-register. */
#include "gateway/resources/resources.h"

#include "base/clock.h"
#include "base/rfc3339.h"
#include "gateway/list.h"
#include "gateway/note.h"
#include "gateway/resources/place.h"
#include "store/key.h"

#include <assert.h>

static handler_fn list_visitors;
static handler_fn show_visitor;
static handler_fn pre_register_visitor;

/* clang-format off */
static const struct param_table params;
static const struct rule_table *rules(void);

static const char *const one_name[] = {"first_name", "full_name", NULL};

static const struct operation operations[] = {
    {WEB_GET, "/api/v1/visitors", SCOPE_VISITORS_READ, OP_ETAG, list_visitors,
     "list_visitors", "List visitors, newest first, with filters and pagination",
     .params = &params, .answer = &porter__v1__visitor__descriptor, .list_name = "visitors"},
    {WEB_GET, "/api/v1/visitors/{id}", SCOPE_VISITORS_READ, OP_ETAG, show_visitor,
     "show_visitor", "Show one visitor", .answer = &porter__v1__visitor__descriptor},
    {WEB_POST, "/api/v1/visitors/pre-register", SCOPE_VISITORS_WRITE, OP_BODY | OP_LOCATION | OP_ETAG | OP_NOTED,
     pre_register_visitor, "pre_register_visitor", "Pre-register a visitor",
     .rules = rules, .either = one_name, .answer = &porter__v1__visitor__descriptor,
     .status = HTTP_CREATED},
};
const struct operation_table visitor_operations = OPERATIONS(operations);

enum visitor_param {
    BY_STATUS = LIST_PARAM_COUNT, BY_LOCATION, BY_HOST_EMAIL, BY_EMAIL, BY_COMPANY, BY_SEARCH,
    EXPECTED_FROM, EXPECTED_TO, CHECKED_IN_FROM, CHECKED_IN_TO, CREATED_FROM, CREATED_TO,
    SORT, INCLUDE, VISITOR_PARAM_COUNT
};

/* The names in the order of enum visitor_time, each upwards and downwards. */
static const char *const sort_words[] = {"created_at", "-created_at", "expected_at", "-expected_at",
                                         "checked_in_at", "-checked_in_at", NULL};
#define LATEST_CREATED_FIRST (1U << (2 * VISITOR_CREATED + 1))
static const char *const include_words[] = {"total_count", NULL};

#define FILTER(n, k, ...) {.name = (n), .kind = (k), .is_filter = true, __VA_ARGS__}
static const struct param_row param_rows[] = {
    LIST_PARAM_ROWS,
    [BY_STATUS] = FILTER("status", PARAM_ENUM, .repeatable = true,
        .words_of = &porter__v1__visitor_status__descriptor, .help = "May be repeated: any of these."),
    [BY_LOCATION] = FILTER("location_id", PARAM_ID, .id_kind = ID_LOCATION, .help = "Of this location."),
    [BY_HOST_EMAIL] = FILTER("host_email", PARAM_TEXT, .min = 3, .max = 254, .help = "The host's e-mail address."),
    [BY_EMAIL] = FILTER("email", PARAM_TEXT, .min = 3, .max = 254, .help = "The visitor's e-mail address."),
    [BY_COMPANY] = FILTER("company", PARAM_TEXT, .min = 1, .max = 200, .help = "The visitor's company."),
    [BY_SEARCH] = FILTER("q", PARAM_TEXT, .min = 1, .max = 200, .help = "Beginnings of words of name, e-mail or company."),
    [EXPECTED_FROM] = FILTER("expected_from", PARAM_TIME, .help = "Expected at this time or later."),
    [EXPECTED_TO] = FILTER("expected_to", PARAM_TIME, .from = "expected_from", .help = "Expected before this time."),
    [CHECKED_IN_FROM] = FILTER("checked_in_from", PARAM_TIME, .help = "Checked in at this time or later."),
    [CHECKED_IN_TO] = FILTER("checked_in_to", PARAM_TIME, .from = "checked_in_from", .help = "Checked in before this time."),
    [CREATED_FROM] = FILTER("created_from", PARAM_TIME, .help = "Created at this time or later."),
    [CREATED_TO] = FILTER("created_to", PARAM_TIME, .from = "created_from", .help = "Created before this time."),
    [SORT] = FILTER("sort", PARAM_WORD, .words = sort_words, .preset = LATEST_CREATED_FIRST, .help = "The order (-created_at); with - the latest first. Visitors without the time come last."),
    [INCLUDE] = {.name = "include", .kind = PARAM_WORD, .repeatable = true, .words = include_words,
        .help = "More than the list: how many there are in all (exact up to 10,000)."},
};
static const struct param_table params = {param_rows, COUNT_OF(param_rows)};
_Static_assert(COUNT_OF(param_rows) == VISITOR_PARAM_COUNT, "one row per parameter");

#define ID_TRIES_MAX 32 /* With half the shards, all but never used up. */

#define YEAR_S (366LL * 86400)
#define PAST_S (10 * YEAR_S)  /* Older is a mistaken unit, not a visit. */
#define AHEAD_S (2 * YEAR_S)

/* What a pre-registration may say; all else of a visitor is read-only. */
static const struct rule rule_rows[] = {
    {.path = "first_name", .format = RULE_LINE, .min = 1, .max = 120},
    {.path = "last_name", .format = RULE_LINE, .min = 1, .max = 120},
    {.path = "full_name", .format = RULE_LINE, .min = 1, .max = 241},
    {.path = "email", .format = RULE_EMAIL, .min = 1, .max = 254},
    {.path = "phone", .format = RULE_PHONE, .min = 1, .max = 16},
    {.path = "company", .format = RULE_LINE, .min = 1, .max = 200},
    {.path = "visitor_type", .format = RULE_LINE, .min = 1, .max = 60},
    {.path = "host.name", .format = RULE_LINE, .min = 1, .max = 200},
    {.path = "host.email", .format = RULE_EMAIL, .min = 1, .max = 254},
    {.path = "location_id", .format = RULE_ID, .min = 1, .max = ID_TEXT_MAX, .id_kind = ID_LOCATION},
    {.path = "purpose", .format = RULE_PLAIN, .min = 1, .max = 500},
    {.path = "expected_at", .format = RULE_TIME, .min = -PAST_S, .max = AHEAD_S},
    {.path = "expected_until", .format = RULE_TIME, .min = -PAST_S, .max = AHEAD_S},
    {.path = "vehicle_plate", .format = RULE_LINE, .min = 1, .max = 20},
    {.path = "notes", .format = RULE_PLAIN, .min = 1, .max = 2000},
    {.path = "metadata", .format = RULE_MAP, .min = 0, .max = 20},
};
/* clang-format on */

static const struct rule_table *rules(void)
{
    static const struct rule_table table = {&porter__v1__visitor__descriptor,
                                            rule_rows, COUNT_OF(rule_rows)};

    return &table;
}

/* --- list and show ------------------------------------------------------- */

static int64_t time_or_null(const struct param_value *v)
{
    return v->is_set ? v->number : DB_TIME_NULL;
}

static struct visitor_range range_of(const struct param_value *from,
                                     const struct param_value *to)
{
    return (struct visitor_range){time_or_null(from), time_or_null(to)};
}

/* One word is set: 1 << its place in sort_words. */
static void read_sort(const struct param_value *v, struct visitor_query *q)
{
    unsigned bits = v->is_set ? v->bits : LATEST_CREATED_FIRST;
    unsigned word = 0;

    while ((bits >> word & 1U) == 0) {
        word++;
    }
    q->sort = (enum visitor_time)(word / 2);
    q->is_descending = word % 2 == 1;
}

static struct visitor_query query_of(const struct list *list)
{
    const struct param_value *p = list->params;
    struct visitor_query query = {
        .filter =
            {
                .statuses = p[BY_STATUS].bits,
                .location_id = p[BY_LOCATION].id,
                .host_email = p[BY_HOST_EMAIL].text,
                .email = p[BY_EMAIL].text,
                .company = p[BY_COMPANY].text,
                .search = p[BY_SEARCH].text,
                .ranges =
                    {
                        [VISITOR_CREATED] =
                            range_of(&p[CREATED_FROM], &p[CREATED_TO]),
                        [VISITOR_EXPECTED] =
                            range_of(&p[EXPECTED_FROM], &p[EXPECTED_TO]),
                        [VISITOR_CHECKED_IN] =
                            range_of(&p[CHECKED_IN_FROM], &p[CHECKED_IN_TO]),
                    },
            },
        .after = {list->goes_on, list->after.number, list->after.id},
        .max = list->limit + 1UL,
    };

    read_sort(&p[SORT], &query);
    return query;
}

static struct page_key key_at(struct visitor_place place)
{
    return (struct page_key){.number = place.at_us, .id = place.id};
}

static struct page_key key_by_created(const ProtobufCMessage *row)
{
    return key_at(visitor_place_of((const void *)row, VISITOR_CREATED));
}

static struct page_key key_by_expected(const ProtobufCMessage *row)
{
    return key_at(visitor_place_of((const void *)row, VISITOR_EXPECTED));
}

static struct page_key key_by_checked_in(const ProtobufCMessage *row)
{
    return key_at(visitor_place_of((const void *)row, VISITOR_CHECKED_IN));
}

static bool list_visitors(struct call *call, struct err *err)
{
    static list_key_fn *const keys[VISITOR_TIME_COUNT] = {
        [VISITOR_CREATED] = key_by_created,
        [VISITOR_EXPECTED] = key_by_expected,
        [VISITOR_CHECKED_IN] = key_by_checked_in,
    };
    struct list list;
    struct visitor_query query;
    struct visitor_answer answer;
    int64_t total = LIST_NO_TOTAL;
    bool is_exact = true;

    if (!list_read(call, "visitors", &params, &list, err)) {
        return false;
    }
    query = query_of(&list);
    if (!visitor_list(call->db, call_org(call), &query, call->arena, &answer,
                      err)) {
        return false;
    }
    if (list.params[INCLUDE].is_set &&
        !visitor_count(call->db, call_org(call), &query.filter, &total,
                       &is_exact, err)) {
        return false;
    }
    list.is_cut = answer.is_cut;
    list.cut = key_at(answer.end);
    list.is_low_total = !is_exact;
    list_answer(call, &list, (ProtobufCMessage *const *)(void *)answer.rows,
                answer.count, keys[query.sort], total);
    return true;
}

static bool show_visitor(struct call *call, struct err *err)
{
    struct id id;
    Porter__V1__Visitor *visitor = NULL;

    if (!call_no_params(call, err) ||
        !call_path_id(call, ID_VISITOR, &id, err) ||
        !visitor_find(call->db, call_org(call), id, call->arena, &visitor,
                      err)) {
        return false;
    }
    if (call_is_unchanged(call, call_time_us(visitor->updated_at))) {
        return true;
    }
    return call_reply(call, HTTP_OK, &visitor->base);
}

/* --- pre-register -------------------------------------------------------- */

/* The text of a member; STR_NONE when it is missing, null or no text. */
static struct str text_of(const struct json *body, const char *name)
{
    const struct json *v = json_find(body, name);

    return v != NULL && json_type(v) == JSON_TEXT ? json_text(v) : STR_NONE;
}

/* The rules that speak of two fields. They look at the JSON itself, so that
 * their faults are told together with those of single fields. */
static bool check_together(struct call *call, const struct json *body)
{
    struct faults *faults = call_faults(call);
    int64_t from = call->now_us;
    int64_t until = 0;
    bool ok = true;

    if (body_lacks(body, "first_name") && body_lacks(body, "full_name")) {
        ok = fault_add(faults, STR("first_name"), FAULT_REQUIRED,
                       "first_name or full_name is required");
    }
    if (!body_lacks(body, "expected_at") &&
        !rfc3339_read(text_of(body, "expected_at"), &from)) {
        return ok; /* The field's own rule tells. */
    }
    if (rfc3339_read(text_of(body, "expected_until"), &until) &&
        until <= from) {
        ok = fault_add(faults, STR("expected_until"), FAULT_OUT_OF_RANGE,
                       "must be after expected_at");
    }
    return ok;
}

static bool read_input(struct call *call, Porter__V1__Visitor **out,
                       struct err *err)
{
    struct json *body = NULL;
    ProtobufCMessage *message = NULL;
    struct id only = {{0}};
    bool is_object = false;
    bool valid = true;
    bool ok = false;

    if (!call_body(call, &body, err)) {
        goto out;
    }
    is_object = json_type(body) == JSON_OBJECT;
    valid = rules_read(rules(), body, call->now_us, call->arena,
                       call_faults(call), &message);
    if (is_object) {
        valid = check_together(call, body) && valid;
        if (!place_read(call, body, &only, &valid, err) ||
            (!valid && !place_check(call, body, err))) {
            goto out;
        }
    }
    if (!valid) {
        (void)call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
        goto out;
    }
    *out = (Porter__V1__Visitor *)message;
    if (!id_is_zero(only)) {
        (*out)->location_id =
            arena_cstr(call->arena, str_of(id_text(ID_LOCATION, only).data));
    }
    ok = true;

out:
    json_free(body);
    return ok;
}

/* The full name is the one given, else first and last name. A full name alone
 * is not taken apart: where a name divides is not ours to guess. */
static void fill_name(Porter__V1__Visitor *v, struct arena *arena)
{
    if (v->full_name[0] != '\0') {
        return;
    }
    v->full_name =
        v->last_name[0] == '\0'
            ? v->first_name
            : arena_cstr(arena, arena_printf(arena, "%s %s", v->first_name,
                                             v->last_name));
}

/* In a shard of this process' own relay, when it has one: the event then goes
 * to Kafka straight from here (relay_hand). */
static struct id new_id(struct call *call)
{
    unsigned owned = relay_owned(call->gateway->relay);
    struct id id = id_new();

    for (int i = 0; i < ID_TRIES_MAX && (owned & 1U << event_shard(id)) == 0;
         i++) {
        id = id_new();
    }
    return id;
}

static void fill(struct call *call, Porter__V1__Visitor *v)
{
    v->id =
        arena_cstr(call->arena, str_of(id_text(ID_VISITOR, new_id(call)).data));
    v->status = PORTER__V1__VISITOR_STATUS__VISITOR_STATUS_EXPECTED;
    fill_name(v, call->arena);
    call_set_time(call, &v->base, "created_at", call->now_us);
    call_set_time(call, &v->base, "updated_at", call->now_us);
    if (v->expected_at == NULL) {
        call_set_time(call, &v->base, "expected_at", call->now_us);
    }
}

static bool pre_register_visitor(struct call *call, struct err *err)
{
    Porter__V1__Visitor *visitor = NULL;
    struct cause cause;
    struct outbox_row sent;
    int64_t began_us = 0;

    if (!call_no_params(call, err) || !read_input(call, &visitor, err)) {
        return false;
    }
    fill(call, visitor);
    cause = call_cause(call);
    began_us = clock_steady_us();
    if (!visitor_insert(call->db, &cause, visitor, call->arena, &sent, err)) {
        return err->code == ERR_INVALID && place_refuse(call, err);
    }
    call_hand(call, &sent, began_us);
    note_change(call, EVENT_VISITOR_PRE_REGISTERED, visitor->id, STR_NONE,
                note_state(call, &visitor->base));
    call_version(call, call_time_us(visitor->updated_at));
    call_header(call, STR("Location"),
                arena_printf(call->arena, "/api/v1/visitors/%s", visitor->id));
    return call_reply(call, HTTP_CREATED, &visitor->base);
}

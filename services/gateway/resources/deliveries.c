/* What became of the events on their way to a webhook: look, send again, send a
 * sample. The gateway only writes rows that are due; the dispatcher sends,
 * behind its guard, so nobody waits here for somebody's endpoint. Sending many
 * again is replays.c's. */
#include "gateway/resources/resources.h"

#include "gateway/list.h"
#include "gateway/resources/hook.h"
#include "gateway/spans.h"
#include "store/delivery.h"
#include "store/event_log.h"
#include "store/key.h"
#include "store/webhook.h"

#include <assert.h>

static handler_fn list_deliveries, list_event_deliveries, show_delivery;
static handler_fn retry_delivery;
static handler_fn test_webhook;

/* clang-format off */
static const struct param_table list_params, event_list_params;
static const struct rule_table *test_rules(void);

static const struct operation operations[] = {
    {WEB_POST, "/api/v1/webhooks/{id}/test", SCOPE_WEBHOOKS_WRITE,
     OP_BODY | OP_BODY_OPTIONAL | OP_LOCATION, test_webhook,
     "test_webhook", "Send a sample event to a webhook",
     .details = "The dispatcher sends it at once and once, on the same way as every event, also to a disabled "
                "webhook. `Location` is the delivery: ask for it until `finished_at` is set; it says what came back.",
     .rules = test_rules, .answer = &porter__v1__delivery__descriptor, .status = HTTP_ACCEPTED},
    {WEB_GET, "/api/v1/webhooks/{id}/deliveries", SCOPE_WEBHOOKS_READ, OP_ETAG, list_deliveries,
     "list_deliveries", "List what was sent to a webhook, newest first",
     .params = &list_params, .answer = &porter__v1__delivery__descriptor, .list_name = "deliveries"},
    {WEB_GET, "/api/v1/webhooks/{id}/deliveries/{delivery_id}", SCOPE_WEBHOOKS_READ, OP_ETAG, show_delivery,
     "show_delivery", "Show one delivery with its body and attempts",
     .answer = &porter__v1__delivery_detail__descriptor},
    {WEB_POST, "/api/v1/webhooks/{id}/deliveries/{delivery_id}/retry", SCOPE_WEBHOOKS_WRITE, OP_LOCATION,
     retry_delivery, "retry_delivery", "Send a finished delivery again",
     .details = "It is due now and, if that fails, again by the whole schedule.",
     .answer = &porter__v1__delivery__descriptor, .status = HTTP_ACCEPTED,
     .problems = {PROBLEM_STATE_CONFLICT}},
    {WEB_GET, "/api/v1/events/{id}/deliveries", SCOPE_WEBHOOKS_READ, OP_ETAG, list_event_deliveries,
     "list_event_deliveries", "List where an event was sent",
     .details = "Its deliveries to all webhooks, also to those that have been deleted since. An event that nobody "
                "listened to has none.",
     .params = &event_list_params, .answer = &porter__v1__delivery__descriptor, .list_name = "deliveries"},
};
const struct operation_table delivery_operations = OPERATIONS(operations);

enum list_extra { BY_STATE = LIST_PARAM_COUNT, BY_TYPE, CREATED_FROM, CREATED_TO, SORT, EXTRA_COUNT };

static const char *const sort_words[] = {"created_at", "-created_at", NULL};
enum sort_word { OLDEST_FIRST, NEWEST_FIRST };

static const struct param_row list_rows[] = {
    LIST_PARAM_ROWS,
    [BY_STATE] = {.name = "state", .kind = PARAM_ENUM, .repeatable = true, .is_filter = true,
        .words_of = &porter__v1__delivery_state__descriptor, .help = "May be repeated: any of these."},
    [BY_TYPE] = {.name = "event_type", .kind = PARAM_TEXT, .is_filter = true, .min = 1, .max = 100,
        .help = "The event's type."},
    [CREATED_FROM] = {.name = "created_from", .kind = PARAM_TIME, .is_filter = true,
        .help = "The event happened at this time or later."},
    [CREATED_TO] = {.name = "created_to", .kind = PARAM_TIME, .from = "created_from", .is_filter = true,
        .help = "The event happened before this time."},
    [SORT] = {.name = "sort", .kind = PARAM_WORD, .is_filter = true, .words = sort_words,
        .preset = 1U << NEWEST_FIRST, .help = "The order of the events (-created_at); with - the latest first."},
};
static const struct param_table list_params = {list_rows, COUNT_OF(list_rows)};
_Static_assert(COUNT_OF(list_rows) == EXTRA_COUNT, "one row per parameter");

static const struct param_row event_list_rows[] = {LIST_PARAM_ROWS};
static const struct param_table event_list_params = {event_list_rows, COUNT_OF(event_list_rows)};

static const struct rule test_rows[] = {
    {.path = "event_type", .format = RULE_WORD, .min = 1, .max = 100, .words = event_type_words},
};
/* clang-format on */

static const struct rule_table *test_rules(void)
{
    static const struct rule_table table = {
        &porter__v1__webhook_test__descriptor, test_rows, COUNT_OF(test_rows)};

    return &table;
}

/* --- what is asked about ------------------------------------------------- */

/* The one in the path, of the webhook in the path. */
static bool find_delivery(struct call *call, struct delivery *out,
                          struct err *err)
{
    struct id webhook_id;
    struct id id;
    bool found = false;

    if (!call_path_id(call, ID_WEBHOOK, &webhook_id, err) ||
        !call_path_id_at(call, 1, ID_DELIVERY, &id, err) ||
        !delivery_find(call->db, call_org(call), id, call->arena, &found, out,
                       err)) {
        return false;
    }
    return (found && id_eq(out->webhook_id, webhook_id)) ||
           err_set(err, ERR_NOT_FOUND, "the webhook has no delivery %s",
                   id_text(ID_DELIVERY, id).data);
}

/* --- list and show ------------------------------------------------------- */

static struct page_key key_of(const ProtobufCMessage *row)
{
    const Porter__V1__Delivery *d = (const void *)row;

    return page_key_of(ID_DELIVERY, d->id);
}

static int64_t time_or_null(const struct param_value *v)
{
    return v->is_set ? v->number : DB_TIME_NULL;
}

/* Enum values and states count alike, from 1 and from 0. */
_Static_assert(PORTER__V1__DELIVERY_STATE__DELIVERY_STATE_PENDING ==
                       DELIVERY_PENDING + 1 &&
                   PORTER__V1__DELIVERY_STATE__DELIVERY_STATE_HELD ==
                       DELIVERY_HELD + 1,
               "one order of states");

static struct delivery_filter filter_of(const struct list *list,
                                        struct id webhook_id)
{
    const struct param_value *p = list->params;

    return (struct delivery_filter){
        .webhook_id = webhook_id,
        .states = p[BY_STATE].bits >> 1,
        .event_type = p[BY_TYPE].text,
        .from_us = time_or_null(&p[CREATED_FROM]),
        .to_us = time_or_null(&p[CREATED_TO]),
        .oldest_first = p[SORT].bits == 1U << OLDEST_FIRST,
        .after = list->goes_on ? list->after.id : (struct id){{0}},
    };
}

static void answer_list(struct call *call, const struct list *list,
                        const struct delivery *rows, size_t count)
{
    ProtobufCMessage **messages =
        arena_zero(call->arena, count + 1, sizeof *messages);

    for (size_t i = 0; i < count; i++) {
        messages[i] = &delivery_message(&rows[i], call->arena)->base;
    }
    list_answer(call, list, messages, count, key_of, LIST_NO_TOTAL);
}

static bool list_deliveries(struct call *call, struct err *err)
{
    struct list list;
    struct delivery_filter filter;
    struct delivery *rows = NULL;
    struct id webhook_id;
    size_t count = 0;

    if (!call_path_id(call, ID_WEBHOOK, &webhook_id, err) ||
        !list_read(call, "deliveries", &list_params, &list, err)) {
        return false;
    }
    filter = filter_of(&list, webhook_id);
    if (!hook_check_known(call, webhook_id, err) ||
        !delivery_list(call->db, call_org(call), &filter, list.limit + 1,
                       call->arena, &rows, &count, err)) {
        return false;
    }
    answer_list(call, &list, rows, count);
    return true;
}

static bool list_event_deliveries(struct call *call, struct err *err)
{
    struct delivery_event of = {.org_id = call_org(call)};
    struct list list;
    struct delivery *rows = NULL;
    Porter__V1__Event *event = NULL;
    size_t count = 0;

    if (!call_path_id(call, ID_EVENT, &of.event_id, err) ||
        !list_read(call, "deliveries", &event_list_params, &list, err)) {
        return false;
    }
    of.after = list.goes_on ? list.after.id : (struct id){{0}};
    if (!event_find(call->db, of.org_id, of.event_id, call->arena, &event, NULL,
                    err) ||
        !delivery_list_of_event(call->db, &of, list.limit + 1, call->arena,
                                &rows, &count, err)) {
        return false;
    }
    answer_list(call, &list, rows, count);
    return true;
}

static bool show_delivery(struct call *call, struct err *err)
{
    struct delivery d = {0};
    struct attempt *attempts = NULL;
    size_t count = 0;

    if (!call_no_params(call, err) || !find_delivery(call, &d, err) ||
        !attempt_list(call->db, &d, call->arena, &attempts, &count, err)) {
        return false;
    }
    return call_reply_tagged(
        call, &delivery_detail(&d, attempts, count, call->arena)->base);
}

/* --- send ---------------------------------------------------------------- */

static bool accept(struct call *call, const struct delivery *d)
{
    struct id_text webhook = id_text(ID_WEBHOOK, d->webhook_id);
    struct id_text id = id_text(ID_DELIVERY, d->id);

    call_header(call, STR("Location"),
                arena_printf(call->arena, "/api/v1/webhooks/%s/deliveries/%s",
                             webhook.data, id.data));
    return call_reply(call, HTTP_ACCEPTED,
                      &delivery_message(d, call->arena)->base);
}

static bool read_type(struct call *call, enum event_type *out, struct err *err)
{
    const Porter__V1__WebhookTest *test = NULL;
    ProtobufCMessage *message = NULL;
    bool found = false;

    if (!call_input(call, &message, err)) {
        return false;
    }
    test = (const void *)message;
    *out = EVENT_VISITOR_CHECKED_IN;
    found = test->event_type[0] == '\0' ||
            event_type_find(str_of(test->event_type), out);
    assert(found); /* The rules let nothing else in. */
    (void)found;
    return true;
}

static bool test_webhook(struct call *call, struct err *err)
{
    Porter__V1__Webhook *w = NULL;
    struct delivery_sample what = {.cause = call_cause(call),
                                   .now_us = call->now_us};
    struct delivery d = {0};

    if (!call_no_params(call, err) || !read_type(call, &what.type, err) ||
        !hook_find(call, &w, &what.webhook_id, err) ||
        !delivery_test(call->db, &what, call->arena, &d, err)) {
        return false;
    }
    spans_sample(call, &d);
    return accept(call, &d);
}

static bool refuse_state(struct call *call, enum delivery_state state,
                         struct err *err)
{
    return call_refuse_state(call, str_of(delivery_state_words[state]), 0, err);
}

static bool retry_delivery(struct call *call, struct err *err)
{
    struct author author = call_author(call);
    struct delivery d = {0};
    Porter__V1__Webhook *w = NULL;
    struct id webhook_id;
    bool changed = false;

    if (!call_no_params(call, err) || !find_delivery(call, &d, err) ||
        !hook_find(call, &w, &webhook_id, err) ||
        !hook_check_enabled(call, w, err)) {
        return false;
    }
    if (d.finished_at_us == DB_TIME_NULL) {
        return refuse_state(call, d.state, err);
    }
    if (!delivery_retry(call->db, &d, call->now_us, &author, &changed, err)) {
        return false;
    }
    if (!changed) { /* Somebody else asked for the same. */
        return refuse_state(call, DELIVERY_PENDING, err);
    }
    d.state = DELIVERY_PENDING;
    d.due_at_us = call->now_us;
    d.finished_at_us = DB_TIME_NULL;
    return accept(call, &d);
}

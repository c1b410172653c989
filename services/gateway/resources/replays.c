/* Sending many again: what is asked for becomes a row here, and the dispatcher
 * works it off. */
#include "gateway/resources/resources.h"

#include "gateway/list.h"
#include "gateway/resources/hook.h"
#include "store/key.h"
#include "store/replay.h"

#define WORD_MAX 40 /* A failure's; docs/failures.md has them. */

static handler_fn recover_webhook, create_replay, list_replays, show_replay;
static handler_fn cancel_replay;

/* clang-format off */
static const struct param_table list_params;
static const struct param_table recover_params;
static const struct rule_table *create_rules(void);

#define PATTERN "/api/v1/webhooks/{id}/replays"

static const struct operation operations[] = {
    {WEB_POST, "/api/v1/webhooks/{id}/recover", SCOPE_WEBHOOKS_WRITE, OP_LOCATION, recover_webhook,
     "recover_webhook", "Send again everything that failed since a time",
     .details = "The same as a replay of state `failed` and `created_from` that time, which is what it answers.",
     .params = &recover_params, .answer = &porter__v1__replay__descriptor, .status = HTTP_ACCEPTED,
     .problems = {PROBLEM_STATE_CONFLICT, PROBLEM_LIMIT_REACHED}},
    {WEB_POST, PATTERN, SCOPE_WEBHOOKS_WRITE, OP_BODY | OP_BODY_OPTIONAL | OP_LOCATION, create_replay,
     "create_replay", "Send again all deliveries that fit",
     .details = "Of those that had ended when it was asked for, the oldest events first, without samples. They become due "
                "in portions, at the rate at which held events go out, each with the whole schedule before it; new events "
                "are not kept waiting. Those of one webhook go one after the other. Ask for `Location` to see how far it is.",
     .rules = create_rules, .answer = &porter__v1__replay__descriptor, .status = HTTP_ACCEPTED,
     .problems = {PROBLEM_STATE_CONFLICT, PROBLEM_LIMIT_REACHED}},
    {WEB_GET, PATTERN, SCOPE_WEBHOOKS_READ, OP_ETAG, list_replays,
     "list_replays", "List a webhook's replays, newest first",
     .params = &list_params, .answer = &porter__v1__replay__descriptor, .list_name = "replays"},
    {WEB_GET, PATTERN "/{replay_id}", SCOPE_WEBHOOKS_READ, OP_ETAG, show_replay,
     "show_replay", "Show how far a replay is", .answer = &porter__v1__replay__descriptor},
    {WEB_POST, PATTERN "/{replay_id}/cancel", SCOPE_WEBHOOKS_WRITE, 0, cancel_replay,
     "cancel_replay", "Cancel a replay", .details = "What it has made due is sent.",
     .answer = &porter__v1__replay__descriptor, .problems = {PROBLEM_STATE_CONFLICT}},
};
const struct operation_table replay_operations = OPERATIONS(operations);

static const struct param_row list_rows[] = {
    LIST_PARAM_ROWS,
};
static const struct param_table list_params = {list_rows, COUNT_OF(list_rows)};

static const struct param_row recover_rows[] = {
    {.name = "since", .kind = PARAM_TIME, .required = true, .help = "Of events that happened at this time or later."},
};
static const struct param_table recover_params = {recover_rows, COUNT_OF(recover_rows)};

static const struct rule create_rows[] = {
    {.path = "states", .format = RULE_WORD, .max = 2, .words = replay_state_words},
    {.path = "event_type", .format = RULE_WORD, .min = 1, .max = 100, .words = event_type_words},
    {.path = "created_from", .format = RULE_TIME},
    {.path = "created_to", .format = RULE_TIME},
    {.path = "failure", .format = RULE_LINE, .min = 1, .max = WORD_MAX},
};
/* clang-format on */

static const struct rule_table *create_rules(void)
{
    static const struct rule_table table = {&porter__v1__replay__descriptor,
                                            create_rows, COUNT_OF(create_rows)};

    return &table;
}

/* --- ask for one ---------------------------------------------------------- */

/* Of the webhook in the path. */
static bool ask(struct call *call, struct replay_request *what, struct err *err)
{
    Porter__V1__Webhook *w = NULL;
    Porter__V1__Replay *made = NULL;
    struct id id;

    what->org_id = call_org(call);
    what->now_us = call->now_us;
    what->by = call_author(call);
    if (!hook_find(call, &w, &what->webhook_id, err) ||
        !hook_check_enabled(call, w, err)) {
        return false;
    }
    if (!replay_insert(call->db, what, call->arena, &id, &made, err)) {
        return call_not_made(call, err);
    }
    call_header(call, STR("Location"),
                arena_printf(call->arena, "/api/v1/webhooks/%s/replays/%s",
                             made->webhook_id, made->id));
    return call_reply(call, HTTP_ACCEPTED, &made->base);
}

static bool recover_webhook(struct call *call, struct err *err)
{
    struct query *query = arena_take(call->arena, sizeof *query);
    struct param_value values[COUNT_OF(recover_rows)];
    struct replay_request what = {.states = 1U << DELIVERY_FAILED,
                                  .to_us = DB_TIME_NULL};

    if (!query_read(call->request->query, call->arena, query, err)) {
        return false;
    }
    if (!params_read(&recover_params, query, call_faults(call), values)) {
        return call_refuse_faults(call, PROBLEM_INVALID_PARAMETER, err);
    }
    what.from_us = values[0].number;
    return ask(call, &what, err);
}

static unsigned states_of(const Porter__V1__Replay *in)
{
    unsigned bits = 0;

    for (size_t i = 0; i < in->n_states; i++) {
        bool is_failed = str_eq(str_of(in->states[i]),
                                str_of(delivery_state_words[DELIVERY_FAILED]));
        bits |= 1U << (is_failed ? DELIVERY_FAILED : DELIVERY_DELIVERED);
    }
    return bits == 0 ? 1U << DELIVERY_FAILED : bits;
}

static int64_t time_or_null(const Google__Protobuf__Timestamp *t)
{
    return t == NULL ? DB_TIME_NULL : call_time_us(t);
}

static bool create_replay(struct call *call, struct err *err)
{
    ProtobufCMessage *m = NULL;

    if (!call_no_params(call, err) || !call_input(call, &m, err)) {
        return false;
    }
    const Porter__V1__Replay *in = (const void *)m;
    struct replay_request what = {
        .states = states_of(in),
        .event_type = str_of(in->event_type),
        .from_us = time_or_null(in->created_from),
        .to_us = time_or_null(in->created_to),
        .failure = str_of(in->failure),
    };
    return ask(call, &what, err);
}

/* --- look at them --------------------------------------------------------- */

static struct page_key page_of(const ProtobufCMessage *row)
{
    const Porter__V1__Replay *replay = (const void *)row;

    return page_key_of(ID_REPLAY, replay->id);
}

static bool list_replays(struct call *call, struct err *err)
{
    struct replay_key key = {.org_id = call_org(call)};
    Porter__V1__Replay **rows = NULL;
    Porter__V1__Webhook *w = NULL;
    struct list list;
    size_t count = 0;

    if (!list_read(call, "replays", &list_params, &list, err) ||
        !hook_find(call, &w, &key.webhook_id, err)) {
        return false;
    }
    if (list.goes_on) {
        key.id = list.after.id;
    }
    if (!replay_list(call->db, &key, list.limit + 1, call->arena, &rows, &count,
                     err)) {
        return false;
    }
    list_answer(call, &list, (ProtobufCMessage **)(void *)rows, count, page_of,
                LIST_NO_TOTAL);
    return true;
}

/* The one in the path, of the webhook in the path. */
static bool read_key(struct call *call, struct replay_key *key, struct err *err)
{
    key->org_id = call_org(call);
    return call_no_params(call, err) &&
           call_path_id(call, ID_WEBHOOK, &key->webhook_id, err) &&
           call_path_id_at(call, 1, ID_REPLAY, &key->id, err);
}

static bool show_replay(struct call *call, struct err *err)
{
    Porter__V1__Replay *replay = NULL;
    struct replay_key key;

    return read_key(call, &key, err) &&
           replay_find(call->db, &key, call->arena, &replay, err) &&
           call_reply_tagged(call, &replay->base);
}

static bool cancel_replay(struct call *call, struct err *err)
{
    struct author author = call_author(call);
    Porter__V1__Replay *replay = NULL;
    struct replay_key key;
    bool changed = false;

    if (!read_key(call, &key, err) ||
        !replay_cancel(call->db, &key, call->now_us, &author, &changed, err) ||
        !replay_find(call->db, &key, call->arena, &replay, err)) {
        return false;
    }
    if (!changed) {
        return call_refuse_state(
            call,
            message_enum_word(&porter__v1__replay_state__descriptor,
                              (int)replay->state),
            call_time_us(replay->finished_at), err);
    }
    return call_reply(call, HTTP_OK, &replay->base);
}

/* Visitors: check-in, check-out, cancel. One road for all three: read, judge,
 * change, and if somebody was quicker read again. */
#include "gateway/resources/resources.h"

#include "gateway/call.h"
#include "gateway/note.h"
#include "gateway/resources/place.h"
#include "store/key.h"

#include <assert.h>

static handler_fn check_in, check_out, cancel;
static const struct rule_table *check_in_rules(void);
static const struct rule_table *note_rules(void);

/* clang-format off */
#define CHANGE(action, name, summary, rules_of)                                \
    {WEB_POST, "/api/v1/visitors/{id}/" action, SCOPE_VISITORS_WRITE,          \
     OP_BODY | OP_BODY_OPTIONAL | OP_ETAG | OP_IF_MATCH | OP_NOTED, name,      \
     #name "_visitor", summary, .rules = (rules_of),                           \
     .answer = &porter__v1__visitor__descriptor,                               \
     .problems = {PROBLEM_STATE_CONFLICT}}

static const struct operation operations[] = {
    CHANGE("check-in", check_in, "Check an expected visitor in", check_in_rules),
    CHANGE("check-out", check_out, "Check a visitor out who is on site", note_rules),
    CHANGE("cancel", cancel, "Cancel an expected visit", note_rules),
};
const struct operation_table visitor_change_operations = OPERATIONS(operations);

#define NOTES {.path = "notes", .format = RULE_PLAIN, .min = 1, .max = 2000}
static const struct rule check_in_rows[] = {
    {.path = "location_id", .format = RULE_ID, .min = 1, .max = ID_TEXT_MAX, .id_kind = ID_LOCATION},
    {.path = "badge_number", .format = RULE_LINE, .min = 1, .max = 60},
    {.path = "vehicle_plate", .format = RULE_LINE, .min = 1, .max = 20},
    NOTES,
};
static const struct rule note_rows[] = {NOTES};
/* clang-format on */

static const struct rule_table *check_in_rules(void)
{
    static const struct rule_table table = {&porter__v1__visitor__descriptor,
                                            check_in_rows,
                                            COUNT_OF(check_in_rows)};

    return &table;
}

static const struct rule_table *note_rules(void)
{
    static const struct rule_table table = {&porter__v1__visitor__descriptor,
                                            note_rows, COUNT_OF(note_rows)};

    return &table;
}

/* From one state to the next; a change leads from nowhere else. */
struct change {
    Porter__V1__VisitorStatus from;
    Porter__V1__VisitorStatus to;
    enum event_type type;
};

static void take(char **field, char *input)
{
    if (input[0] != '\0') {
        *field = input;
    }
}

/* Times of one visitor never go back, whatever the clock does. */
static void apply(struct call *call, const struct change *change,
                  const Porter__V1__Visitor *input, Porter__V1__Visitor *v)
{
    int64_t at_us = MAX_OF(call->now_us, call_time_us(v->updated_at) + 1);

    v->status = change->to;
    take(&v->location_id, input->location_id);
    take(&v->badge_number, input->badge_number);
    take(&v->vehicle_plate, input->vehicle_plate);
    take(&v->notes, input->notes);
    call_set_time(call, &v->base, "updated_at", at_us);
    if (change->type == EVENT_VISITOR_CHECKED_IN) {
        call_set_time(call, &v->base, "checked_in_at", at_us);
    } else if (change->type == EVENT_VISITOR_CHECKED_OUT) {
        call_set_time(call, &v->base, "checked_out_at", at_us);
    }
}

static bool refuse_state(struct call *call, Porter__V1__VisitorStatus status,
                         int64_t updated_us, struct err *err)
{
    call_version(call, updated_us);
    return call_refuse_state(
        call,
        message_enum_word(&porter__v1__visitor_status__descriptor, (int)status),
        updated_us, err);
}

static bool answer(struct call *call, const struct cause *cause, struct id id,
                   const Porter__V1__Visitor *visitor)
{
    call_caused(call, cause, id);
    call_version(call, call_time_us(visitor->updated_at));
    return call_reply(call, HTTP_OK, &visitor->base);
}

static bool try_change(struct call *call, const struct change *change,
                       struct id id, const Porter__V1__Visitor *input,
                       struct err *err)
{
    struct cause cause = call_cause(call);
    struct visitor_change next = {.type = change->type};
    Porter__V1__Visitor *visitor = NULL;
    bool changed = false;
    int64_t tried_us = 0;

    for (unsigned tries = 0; tries < CALL_TRIES_MAX; tries++) {
        if (!visitor_find(call->db, call_org(call), id, call->arena, &visitor,
                          err)) {
            return false;
        }
        next.seen_us = call_time_us(visitor->updated_at);
        if (!call_if_match(call, next.seen_us, err)) {
            return false;
        }
        if (visitor->status != change->from) {
            return refuse_state(call, visitor->status, next.seen_us, err);
        }
        if (next.seen_us == tried_us) { /* Nobody was quicker. */
            return place_refuse(call, err);
        }
        tried_us = next.seen_us;
        const struct str before = note_state(call, &visitor->base);
        apply(call, change, input, visitor);
        next.visitor = visitor;
        if (!visitor_change(call->db, &cause, &next, call->arena, &changed,
                            err)) {
            return false;
        }
        if (changed) {
            note_change(call, change->type, visitor->id, before,
                        note_state(call, &visitor->base));
            note_texts(call, input);
            return answer(call, &cause, id, visitor);
        }
    }
    return refuse_state(call, change->from, next.seen_us, err);
}

static bool run(struct call *call, const struct change *change, struct err *err)
{
    ProtobufCMessage *input = NULL;
    struct id id;

    return call_no_params(call, err) &&
           call_path_id(call, ID_VISITOR, &id, err) &&
           call_input_more(call, place_check, &input, err) &&
           try_change(call, change, id, (const void *)input, err);
}

static bool check_in(struct call *call, struct err *err)
{
    static const struct change change = {
        PORTER__V1__VISITOR_STATUS__VISITOR_STATUS_EXPECTED,
        PORTER__V1__VISITOR_STATUS__VISITOR_STATUS_CHECKED_IN,
        EVENT_VISITOR_CHECKED_IN};

    return run(call, &change, err);
}

static bool check_out(struct call *call, struct err *err)
{
    static const struct change change = {
        PORTER__V1__VISITOR_STATUS__VISITOR_STATUS_CHECKED_IN,
        PORTER__V1__VISITOR_STATUS__VISITOR_STATUS_CHECKED_OUT,
        EVENT_VISITOR_CHECKED_OUT};

    return run(call, &change, err);
}

static bool cancel(struct call *call, struct err *err)
{
    static const struct change change = {
        PORTER__V1__VISITOR_STATUS__VISITOR_STATUS_EXPECTED,
        PORTER__V1__VISITOR_STATUS__VISITOR_STATUS_CANCELLED,
        EVENT_VISITOR_CANCELLED};

    return run(call, &change, err);
}

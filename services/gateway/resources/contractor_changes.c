/* Contractors: create, approve, reject. */
#include "gateway/resources/resources.h"

#include "gateway/call.h"
#include "gateway/id_list.h"
#include "gateway/note.h"
#include "store/compliance.h"
#include "store/contractor.h"
#include "store/key.h"
#include "store/location.h"

#include <assert.h>

static handler_fn create_contractor, approve_contractor, reject_contractor;
static const struct rule_table *approve_rules(void);
static const struct rule_table *reject_rules(void);

/* clang-format off */
#define DECISION(action, summary)                                              \
    {WEB_POST, "/api/v1/contractors/{id}/" #action, SCOPE_CONTRACTORS_WRITE,   \
     OP_BODY | OP_BODY_OPTIONAL | OP_ETAG | OP_IF_MATCH | OP_NOTED,            \
     action##_contractor, #action "_contractor", summary,                      \
     .rules = action##_rules,                                                  \
     .answer = &porter__v1__contractor__descriptor,                            \
     .problems = {PROBLEM_STATE_CONFLICT}}

static const struct operation operations[] = {
    {WEB_POST, "/api/v1/contractors", SCOPE_CONTRACTORS_WRITE, OP_BODY | OP_LOCATION | OP_ETAG | OP_NOTED,
     create_contractor, "create_contractor", "Enter a contractor, who then waits for approval",
     .rules = contractor_rules, .answer = &porter__v1__contractor__descriptor, .status = HTTP_CREATED},
    DECISION(approve, "Approve a contractor who waits for it, or whose approval has run out"),
    DECISION(reject, "Reject a contractor who waits for approval"),
};
const struct operation_table contractor_change_operations = OPERATIONS(operations);

#define REASON {.path = "reason", .format = RULE_PLAIN, .min = 1, .max = 500}
static const struct rule approve_rows[] = {
    {.path = "valid_until", .format = RULE_TIME, .min = 1, .max = CONTRACTOR_SPAN_S},
    {.path = "approved_by", .format = RULE_LINE, .min = 1, .max = 200},
    REASON,
};
static const struct rule reject_rows[] = {
    {.path = "rejected_by", .format = RULE_LINE, .min = 1, .max = 200},
    REASON,
};
/* clang-format on */

static const struct rule_table *approve_rules(void)
{
    static const struct rule_table table = {&porter__v1__contractor__descriptor,
                                            approve_rows,
                                            COUNT_OF(approve_rows)};

    return &table;
}

static const struct rule_table *reject_rules(void)
{
    static const struct rule_table table = {&porter__v1__contractor__descriptor,
                                            reject_rows, COUNT_OF(reject_rows)};

    return &table;
}

/* --- create -------------------------------------------------------------- */

/* Each must be the organization's, once; their faults are told together with
 * all others. */
static bool check_places(struct call *call, const struct json *body,
                         struct err *err)
{
    struct id_list list = id_list_read(call, body, "location_ids", ID_LOCATION,
                                       CONTRACTOR_LOCATIONS_MAX);
    size_t *missing = NULL;
    size_t missing_count = 0;

    if (list.count == 0) {
        return true;
    }
    if (!location_missing(call->db, call_org(call), list.ids, list.count,
                          call->arena, &missing, &missing_count, err)) {
        return false;
    }
    for (size_t i = 0; i < missing_count; i++) {
        id_list_fault(call, &list, missing[i], FAULT_NOT_FOUND,
                      "your organization has no such location");
    }
    id_list_check_once(call, &list, NULL);
    return true;
}

static bool read_new(struct call *call, Porter__V1__Contractor **out,
                     struct err *err)
{
    struct json *body = NULL;
    ProtobufCMessage *message = NULL;
    bool valid = false;
    bool ok = false;

    if (!call_body(call, &body, err)) {
        goto out;
    }
    valid = rules_read(contractor_rules(), body, call->now_us, call->arena,
                       call_faults(call), &message);
    if (json_type(body) == JSON_OBJECT && !check_places(call, body, err)) {
        goto out;
    }
    if (!valid || call_faults(call)->count > 0) {
        (void)call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
        goto out;
    }
    *out = (Porter__V1__Contractor *)(void *)message;
    ok = true;

out:
    json_free(body);
    return ok;
}

static bool create_contractor(struct call *call, struct err *err)
{
    Porter__V1__Contractor *c = NULL;
    struct cause cause;
    struct id id = id_new();

    if (!call_no_params(call, err) || !read_new(call, &c, err)) {
        return false;
    }
    cause = call_cause(call);
    c->id = arena_cstr(call->arena, str_of(id_text(ID_CONTRACTOR, id).data));
    c->status = PORTER__V1__CONTRACTOR_STATUS__CONTRACTOR_STATUS_PENDING;
    call_set_time(call, &c->base, "created_at", call->now_us);
    call_set_time(call, &c->base, "updated_at", call->now_us);
    if (!contractor_add(call->db, &cause, c, call->arena, err)) {
        return false;
    }
    note_change(call, EVENT_CONTRACTOR_CREATED, c->id, STR_NONE,
                note_state(call, &c->base));
    call_caused(call, &cause, id);
    call_version(call, contractor_version_us(c, call->now_us));
    call_header(call, STR("Location"),
                arena_printf(call->arena, "/api/v1/contractors/%s", c->id));
    return call_reply(call, HTTP_CREATED, &c->base);
}

/* --- approve, reject ----------------------------------------------------- */

static void apply(struct call *call, enum event_type type,
                  const Porter__V1__Contractor *input,
                  Porter__V1__Contractor *c)
{
    int64_t at_us =
        MAX_OF(call->now_us, contractor_version_us(c, call->now_us) + 1);

    call_set_time(call, &c->base, "updated_at", at_us);
    c->reason = input->reason;
    if (type == EVENT_CONTRACTOR_REJECTED) {
        c->status = PORTER__V1__CONTRACTOR_STATUS__CONTRACTOR_STATUS_REJECTED;
        c->rejected_by = call_actor(call, input->rejected_by);
        call_set_time(call, &c->base, "rejected_at", at_us);
        return;
    }
    c->status = PORTER__V1__CONTRACTOR_STATUS__CONTRACTOR_STATUS_APPROVED;
    c->approved_by = call_actor(call, input->approved_by);
    call_set_time(call, &c->base, "approved_at", at_us);
    if (input->valid_until != NULL) {
        c->valid_until = input->valid_until;
    }
}

static bool leads_on(enum event_type type, Porter__V1__ContractorStatus status)
{
    return status == PORTER__V1__CONTRACTOR_STATUS__CONTRACTOR_STATUS_PENDING ||
           (type == EVENT_CONTRACTOR_APPROVED &&
            status == PORTER__V1__CONTRACTOR_STATUS__CONTRACTOR_STATUS_EXPIRED);
}

/* May it be decided, and so? */
static bool judge(struct call *call, enum event_type type,
                  const Porter__V1__Contractor *input,
                  const Porter__V1__Contractor *c, struct err *err)
{
    int64_t version_us = contractor_version_us(c, call->now_us);

    if (!call_if_match(call, version_us, err)) {
        return false;
    }
    if (!leads_on(type, c->status)) {
        call_version(call, version_us);
        return call_refuse_state(
            call,
            message_enum_word(&porter__v1__contractor_status__descriptor,
                              (int)c->status),
            call_time_us(c->updated_at), err);
    }
    if (type == EVENT_CONTRACTOR_APPROVED && input->valid_until == NULL &&
        c->valid_until != NULL &&
        call_time_us(c->valid_until) <= call->now_us) {
        (void)fault_add(call_faults(call), STR("valid_until"), FAULT_REQUIRED,
                        "is required: the one before has passed");
        return call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
    }
    return true;
}

static bool reply_decided(struct call *call, const struct cause *cause,
                          struct id id, const Porter__V1__Contractor *c)
{
    call_caused(call, cause, id);
    call_version(call, contractor_version_us(c, call->now_us));
    return call_reply(call, HTTP_OK, &c->base);
}

static bool decide(struct call *call, enum event_type type, struct err *err)
{
    struct contractor_change change = {.type = type};
    const Porter__V1__Contractor *input = NULL;
    ProtobufCMessage *message = NULL;
    struct str before = STR_NONE;
    struct cause cause;
    struct id id;
    bool changed = false;

    if (!call_no_params(call, err) ||
        !call_path_id(call, ID_CONTRACTOR, &id, err) ||
        !call_input(call, &message, err)) {
        return false;
    }
    input = (const void *)message;
    cause = call_cause(call);
    for (unsigned tries = 0; !changed && tries < CALL_TRIES_MAX; tries++) {
        if (!contractor_find(call->db, call_org(call), id, call->now_us,
                             call->arena, &change.contractor, err) ||
            !judge(call, type, input, change.contractor, err)) {
            return false;
        }
        change.seen_us = call_time_us(change.contractor->updated_at);
        before = note_state(call, &change.contractor->base);
        apply(call, type, input, change.contractor);
        if (!contractor_change(call->db, &cause, &change, call->arena, &changed,
                               err)) {
            return false;
        }
    }
    if (!changed) {
        return err_set(err, ERR_CONFLICT, "others keep changing it");
    }
    note_change(call, type, change.contractor->id, before,
                note_state(call, &change.contractor->base));
    return reply_decided(call, &cause, id, change.contractor);
}

static bool approve_contractor(struct call *call, struct err *err)
{
    return decide(call, EVENT_CONTRACTOR_APPROVED, err);
}

static bool reject_contractor(struct call *call, struct err *err)
{
    return decide(call, EVENT_CONTRACTOR_REJECTED, err);
}

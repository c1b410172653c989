/* Evacuations: activate, roll-call, end.
 *
 * Roll-calls and the end read, judge and change under the lock of the
 * evacuation's row: many marshals may mark at once, and nobody marks what has
 * ended. */
#include "gateway/resources/resources.h"

#include "gateway/call.h"
#include "gateway/id_list.h"
#include "gateway/note.h"
#include "gateway/resources/place.h"
#include "store/evacuation.h"
#include "store/key.h"

#include <assert.h>

#define MARKS_MAX 500 /* Of each kind in one roll-call. */

static handler_fn activate_evacuation, call_roll, end_evacuation;
static const struct rule_table *activate_rules(void);
static const struct rule_table *roll_call_rules(void);
static const struct rule_table *end_rules(void);

/* clang-format off */
static const char *const marks[] = {"accounted_for", "missing", NULL};

static const struct operation operations[] = {
    {WEB_POST, "/api/v1/evacuations", SCOPE_EVACUATIONS_WRITE, OP_BODY | OP_BODY_OPTIONAL | OP_LOCATION | OP_ETAG | OP_NOTED,
     activate_evacuation, "activate_evacuation", "Activate an evacuation or a drill",
     .details = "Freezes the roster: everybody whose check-in at the location was answered before, and who has not "
                "checked out. One real evacuation and one drill may be active at a location at a time; `current.id` "
                "of the 409 is the one that is.",
     .rules = activate_rules, .answer = &porter__v1__evacuation__descriptor, .status = HTTP_CREATED,
     .problems = {PROBLEM_STATE_CONFLICT}},
    {WEB_POST, "/api/v1/evacuations/{id}/roll-call", SCOPE_EVACUATIONS_WRITE, OP_BODY | OP_ETAG | OP_IF_MATCH | OP_NOTED,
     call_roll, "call_roll", "Mark who has been found, and who is missing after all",
     .details = "All of it or nothing. Who is marked so already stays as marked, so it can be sent again.",
     .rules = roll_call_rules, .either = marks, .answer = &porter__v1__evacuation_summary__descriptor,
     .problems = {PROBLEM_STATE_CONFLICT}},
    {WEB_POST, "/api/v1/evacuations/{id}/end", SCOPE_EVACUATIONS_WRITE,
     OP_BODY | OP_BODY_OPTIONAL | OP_ETAG | OP_IF_MATCH | OP_NOTED, end_evacuation,
     "end_evacuation", "End an evacuation",
     .rules = end_rules, .answer = &porter__v1__evacuation__descriptor, .problems = {PROBLEM_STATE_CONFLICT}},
};
const struct operation_table evacuation_change_operations = OPERATIONS(operations);

static const struct rule activate_rows[] = {
    {.path = "location_id", .format = RULE_ID, .min = 1, .max = ID_TEXT_MAX, .id_kind = ID_LOCATION},
    {.path = "reason", .format = RULE_PLAIN, .min = 1, .max = 500},
    {.path = "drill", .format = RULE_PLAIN},
    {.path = "activated_by", .format = RULE_LINE, .min = 1, .max = 200},
};
static const struct rule roll_call_rows[] = {
    {.path = "accounted_for", .format = RULE_ID, .min = 0, .max = MARKS_MAX, .id_kind = ID_VISITOR},
    {.path = "missing", .format = RULE_ID, .min = 0, .max = MARKS_MAX, .id_kind = ID_VISITOR},
    {.path = "marked_by", .format = RULE_LINE, .min = 1, .max = 200},
};
static const struct rule end_rows[] = {
    {.path = "ended_by", .format = RULE_LINE, .min = 1, .max = 200},
};
/* clang-format on */

static const struct rule_table *activate_rules(void)
{
    static const struct rule_table table = {&porter__v1__evacuation__descriptor,
                                            activate_rows,
                                            COUNT_OF(activate_rows)};

    return &table;
}

static const struct rule_table *roll_call_rules(void)
{
    static const struct rule_table table = {&porter__v1__roll_call__descriptor,
                                            roll_call_rows,
                                            COUNT_OF(roll_call_rows)};

    return &table;
}

static const struct rule_table *end_rules(void)
{
    static const struct rule_table table = {&porter__v1__evacuation__descriptor,
                                            end_rows, COUNT_OF(end_rows)};

    return &table;
}

/* --- activate ------------------------------------------------------------ */

/* In a hurry an empty request will do where there is one location. */
static bool read_new(struct call *call, Porter__V1__Evacuation **out,
                     struct err *err)
{
    const struct rule_table *rules = call->operation->rules();
    struct json *body = NULL;
    ProtobufCMessage *m = NULL;
    struct id only = {{0}};
    bool valid = false;
    bool ok = false;

    if (call->request->body.len > 0) {
        ok = call_body(call, &body, err);
    } else {
        ok = json_read(STR("{}"), &body, err);
    }
    if (ok) {
        valid = rules_read(rules, body, call->now_us, call->arena,
                           call_faults(call), &m);
        ok = json_type(body) != JSON_OBJECT ||
             (place_read(call, body, &only, &valid, err) &&
              (valid || place_check(call, body, err)));
    }
    if (ok && !valid) {
        ok = call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
    }
    json_free(body);
    if (!ok) {
        return false;
    }
    *out = (Porter__V1__Evacuation *)(void *)m;
    if (!id_is_zero(only)) {
        (*out)->location_id =
            arena_cstr(call->arena, str_of(id_text(ID_LOCATION, only).data));
    }
    return true;
}

static bool refuse_active(struct call *call,
                          const Porter__V1__EvacuationSummary *active,
                          struct err *err)
{
    (void)call_refuse_state(call, STR("active"),
                            call_time_us(active->updated_at), err);
    call->current.id = str_of(active->id);
    return err_set(err, err->code,
                   "%s %s is active at this location; go on with it, or end it "
                   "first",
                   active->drill ? "the drill" : "the evacuation", active->id);
}

static bool reply_activated(struct call *call, const struct cause *cause,
                            struct id id, const Porter__V1__Evacuation *e)
{
    note_change(call, EVENT_EVACUATION_ACTIVATED, e->id, STR_NONE,
                note_state(call, &e->base));
    call_caused(call, cause, id);
    call_version(call, call_time_us(e->updated_at));
    call_header(call, STR("Location"),
                arena_printf(call->arena, "/api/v1/evacuations/%s", e->id));
    return call_reply(call, HTTP_CREATED, &e->base);
}

static bool activate_evacuation(struct call *call, struct err *err)
{
    const struct cause cause = call_cause(call);
    const struct id id = id_new();
    Porter__V1__Evacuation *e = NULL;
    Porter__V1__EvacuationSummary *active = NULL;
    enum evacuation_outcome outcome = EVACUATION_NO_LOCATION;

    if (!call_no_params(call, err) || !read_new(call, &e, err)) {
        return false;
    }
    e->id = arena_cstr(call->arena, str_of(id_text(ID_EVACUATION, id).data));
    e->activated_by = call_actor(call, e->activated_by);
    call_set_time(call, &e->base, "activated_at", call->now_us);
    for (unsigned tries = 0; tries < CALL_TRIES_MAX; tries++) {
        if (!evacuation_activate(call->db, &cause, e, call->arena, &outcome,
                                 err)) {
            return false;
        }
        if (outcome == EVACUATION_ACTIVATED) {
            return reply_activated(call, &cause, id, e);
        }
        if (outcome == EVACUATION_NO_LOCATION) {
            return place_refuse(call, err);
        }
        if (!evacuation_active(call->db, cause.org_id, e, call->arena, &active,
                               err)) {
            return false;
        }
        if (active != NULL) { /* Else it has ended just now. */
            return refuse_active(call, active, err);
        }
    }
    return err_set(err, ERR_CONFLICT, "others keep activating and ending here");
}

/* --- changes of an active one -------------------------------------------- */

struct change {
    struct evacuation_key key;
    char *by;
    struct id_list found; /* Of a roll-call. */
    struct id_list missing;
    int64_t at_us;     /* When it is made. */
    struct str before; /* What is noted of it as it was. */
    /* What came of it: */
    const ProtobufCMessage *answer;
    int64_t version_us;
};

/* Make the change in the transaction that db is. */
typedef bool change_fn(struct call *call, struct db *db, struct change *change,
                       struct err *err);

static bool judge(struct call *call, const Porter__V1__EvacuationSummary *e,
                  struct err *err)
{
    int64_t version_us = call_time_us(e->updated_at);

    if (!call_if_match(call, version_us, err)) {
        return false;
    }
    if (e->status == PORTER__V1__EVACUATION_STATUS__EVACUATION_STATUS_ACTIVE) {
        return true;
    }
    call_version(call, version_us);
    return call_refuse_state(call, STR("ended"), version_us, err);
}

/* Under the lock of its row. Its times never go back, whatever the clock does.
 */
static bool change_locked(struct call *call, struct db *db, change_fn *how,
                          struct change *change, struct err *err)
{
    Porter__V1__EvacuationSummary *e = NULL;

    if (!evacuation_lock(db, &change->key, call->arena, &e, err) ||
        !judge(call, e, err)) {
        return false;
    }
    change->at_us = MAX_OF(call->now_us, call_time_us(e->updated_at) + 1);
    change->before = note_state(call, &e->base);
    return how(call, db, change, err);
}

static bool run(struct call *call, change_fn *how, struct change *change,
                struct err *err)
{
    struct tx *tx = NULL;
    bool ok = call_path_id(call, ID_EVACUATION, &change->key.id, err) &&
              tx_begin(call->db, &tx, err);

    change->key.org_id = call_org(call);
    ok = ok && change_locked(call, tx_db(tx), how, change, err) &&
         tx_commit(tx, err);
    tx_end(tx);
    if (!ok) {
        call_forget_changes(call);
        return false;
    }
    call_version(call, change->version_us);
    return call_reply(call, HTTP_OK, change->answer);
}

/* --- roll-call ----------------------------------------------------------- */

/* Each once. Who was not on site is told later, under the lock. */
static bool read_marks(struct call *call, struct change *change,
                       struct err *err)
{
    struct json *body = NULL;
    ProtobufCMessage *m = NULL;
    bool ok = false;

    if (!call_body(call, &body, err)) {
        return false;
    }
    ok = rules_read(roll_call_rules(), body, call->now_us, call->arena,
                    call_faults(call), &m);
    if (json_type(body) == JSON_OBJECT) {
        change->found =
            id_list_read(call, body, "accounted_for", ID_VISITOR, MARKS_MAX);
        change->missing =
            id_list_read(call, body, "missing", ID_VISITOR, MARKS_MAX);
        id_list_check_once(call, &change->found, NULL);
        id_list_check_once(call, &change->missing, &change->found);
        if (call_faults(call)->count == 0 &&
            change->found.count + change->missing.count == 0) {
            (void)fault_add(call_faults(call), STR("accounted_for"),
                            FAULT_REQUIRED,
                            "accounted_for or missing must name somebody");
        }
    }
    json_free(body);
    if (call_faults(call)->count > 0) {
        return call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
    }
    assert(ok);
    change->by = ((Porter__V1__RollCall *)(void *)m)->marked_by;
    return true;
}

static struct evacuation_marks marks_of(const struct change *change,
                                        struct arena *arena)
{
    const struct id_list *found = &change->found;
    const struct id_list *missing = &change->missing;
    struct id *people =
        arena_zero(arena, found->count + missing->count, sizeof *people);

    for (size_t i = 0; i < found->count; i++) {
        people[i] = found->ids[i];
    }
    for (size_t i = 0; i < missing->count; i++) {
        people[found->count + i] = missing->ids[i];
    }
    return (struct evacuation_marks){
        .key = change->key,
        .people = people,
        .count = found->count + missing->count,
        .found_count = found->count,
        .at_us = change->at_us,
    };
}

static bool check_people(struct call *call, struct db *db,
                         const struct change *change,
                         const struct evacuation_marks *m, struct err *err)
{
    size_t *strangers = NULL;
    size_t count = 0;

    if (!evacuation_strangers(db, m, call->arena, &strangers, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_found = strangers[i] < m->found_count;

        id_list_fault(call, is_found ? &change->found : &change->missing,
                      is_found ? strangers[i] : strangers[i] - m->found_count,
                      FAULT_NOT_FOUND, "was not on site");
    }
    return call_faults(call)->count == 0 ||
           call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
}

static bool mark(struct call *call, struct db *db, struct change *change,
                 struct err *err)
{
    struct evacuation_marks m = marks_of(change, call->arena);
    struct evacuation_marked marked = {0};
    Porter__V1__EvacuationSummary *e = NULL;

    if (!check_people(call, db, change, &m, err)) {
        return false;
    }
    m.by = str_of(call_actor(call, change->by));
    if (!evacuation_mark(db, &m, call->arena, &marked, err) ||
        !evacuation_summary(db, &change->key, call->arena, &e, err)) {
        return false;
    }
    note_marks(call, e->id, change->before, note_state(call, &e->base),
               &marked);
    change->answer = &e->base;
    change->version_us = call_time_us(e->updated_at);
    return true;
}

static bool call_roll(struct call *call, struct err *err)
{
    struct change change = {0};

    return call_no_params(call, err) && read_marks(call, &change, err) &&
           run(call, mark, &change, err);
}

/* --- end ----------------------------------------------------------------- */

static bool end(struct call *call, struct db *db, struct change *change,
                struct err *err)
{
    const struct cause cause = call_cause(call);
    const struct evacuation_ending ending = {
        .key = change->key,
        .by = str_of(call_actor(call, change->by)),
        .at_us = change->at_us,
    };
    Porter__V1__Evacuation *e = NULL;

    if (!evacuation_end(db, &cause, &ending, call->arena, &e, err)) {
        return false;
    }
    note_change(call, EVENT_EVACUATION_ENDED, e->id, change->before,
                note_state(call, &e->base));
    change->answer = &e->base;
    change->version_us = change->at_us;
    call_caused(call, &cause, change->key.id);
    return true;
}

static bool end_evacuation(struct call *call, struct err *err)
{
    struct change change = {0};
    ProtobufCMessage *input = NULL;

    if (!call_no_params(call, err) || !call_input(call, &input, err)) {
        return false;
    }
    change.by = ((Porter__V1__Evacuation *)(void *)input)->ended_by;
    return run(call, end, &change, err);
}

/* What has changed since: asked for again and again by open pages, and answered
 * when there is something, or after a while.
 *
 * A waiting request holds its thread, so only some may wait; others are
 * answered at once, and nobody waits on for a page that has gone. It looks into
 * the event log and the audit log, which all gateways write to; each look asks
 * for the session anew, so that nobody is told anything after its end. */
#include "gateway/dashboard/dashboard.h"

#include "base/clock.h"
#include "gateway/dashboard/body.h"
#include "gateway/dashboard/door.h"
#include "gateway/dashboard/role.h"
#include "gateway/page.h"
#include "gateway/params.h"
#include "store/dashboard.h"
#include "store/event_log.h"
#include "store/key.h"

#include <stdatomic.h>
#include <time.h>

#define WAITING_MAX 64 /* In this process. */
#define WAIT_US (25 * US_PER_S)
#define LOOK_MS 500
#define EVENTS_MAX 50

static handler_fn list_changes;

/* clang-format off */
static const struct param_table params;

static const struct operation operations[] = {
    {WEB_GET, "/dashboard/api/changes", 0, OP_QUIET | OP_WAITS, list_changes,
     "list_changes", "Wait for changes", .params = &params, .status = HTTP_OK},
};
const struct operation_table change_operations = OPERATIONS(operations);

static const struct param_row param_rows[] = {
    {.name = "since", .kind = PARAM_TEXT, .min = 1, .max = PAGE_CURSOR_MAX, .help = "`cursor` of the answer before."},
};
static const struct param_table params = {param_rows, COUNT_OF(param_rows)};
/* clang-format on */

static atomic_uint waiting;

/* Where a page stands in both logs. */
struct place {
    struct event_place event;
    bool has_event; /* Else the event log was empty. */
    struct id audit;
};

struct news {
    struct event_answer events;
    struct audit_entry *entries;
    size_t entry_count;
};

static struct page_binding binding_of(const struct call *call)
{
    return page_binding(STR("changes"), call_org(call), STR_NONE);
}

static bool read_place(struct call *call, struct str cursor, struct place *out,
                       struct err *err)
{
    const struct page_binding binding = binding_of(call);
    struct page_key key;

    for (size_t i = 0; i < call->gateway->seal_keys.count; i++) {
        err_clear(err);
        if (page_read(gateway_cursor_secret(call->gateway, i), &binding, cursor,
                      call->arena, &key, err)) {
            *out = (struct place){.event = {key.number, key.id, true},
                                  .has_event = !id_is_zero(key.id)};
            return key.text.len == 0 ||
                   id_read(ID_AUDIT, key.text, &out->audit) ||
                   err_set(err, ERR_INTERNAL, "a cursor of ours is none");
        }
    }
    call->problem = PROBLEM_INVALID_CURSOR;
    return false;
}

static void write_cursor(struct call *call, const struct place *place,
                         struct json_writer *w)
{
    const struct page_binding binding = binding_of(call);
    struct id_text audit = id_text(ID_AUDIT, place->audit);
    struct page_key key = {.text = str_of(audit.data)};
    struct buf cursor = BUF_EMPTY;

    if (place->has_event) {
        key.number = place->event.txid;
        key.id = place->event.id;
    }
    page_write(gateway_cursor_secret(call->gateway, 0), &binding, &key,
               &cursor);
    body_text(w, "cursor", buf_str(&cursor));
    buf_free(&cursor);
}

/* The end of both logs: what comes is behind it. */
static bool read_end(struct call *call, struct place *out, struct err *err)
{
    const struct event_query last = {
        .filter = {.from_us = DB_TIME_NULL, .to_us = DB_TIME_NULL},
        .is_descending = true,
        .max = 1,
    };
    struct event_answer answer = {0};

    if (!event_list(call->db, call_org(call), &last, call->arena, &answer,
                    err) ||
        !audit_newest(call->db, call_org(call), &out->audit, err)) {
        return false;
    }
    out->has_event = answer.has_end;
    out->event = answer.end;
    return true;
}

/* Of keys, people and sessions hear only those who may see them; of the front
 * desk the event log tells all. */
static bool may_hear(const struct call *call, struct str action)
{
    if (str_starts(action, STR("visitor.")) ||
        str_starts(action, STR("contractor.")) ||
        str_starts(action, STR("evacuation."))) {
        return false;
    }
    return str_starts(action, STR("webhook.")) ||
           str_starts(action, STR("delivery.")) ||
           (role_rights(call->person->role) & RIGHT_AUDIT) != 0;
}

/* Only what is told: nobody is woken for the rest. */
static void sift(const struct call *call, struct news *news)
{
    size_t kept = 0;

    for (size_t i = 0; i < news->entry_count; i++) {
        if (may_hear(call, news->entries[i].action)) {
            news->entries[kept++] = news->entries[i];
        }
    }
    news->entry_count = kept;
}

static bool look(struct call *call, struct place *place, struct news *news,
                 struct err *err)
{
    const struct event_query query = {
        .filter = {.from_us = DB_TIME_NULL, .to_us = DB_TIME_NULL},
        .goes_on = place->has_event,
        .after = place->event,
        .max = EVENTS_MAX,
    };

    if (!event_list(call->db, call_org(call), &query, call->arena,
                    &news->events, err) ||
        !audit_after(call->db, call_org(call), place->audit, call->arena,
                     &news->entries, &news->entry_count, err)) {
        return false;
    }
    if (news->events.has_end) {
        place->has_event = true;
        place->event = news->events.end;
    }
    if (news->entry_count > 0) {
        place->audit = news->entries[news->entry_count - 1].id;
    }
    sift(call, news);
    return true;
}

/* Whom or what is the event about? */
static struct str subject_of(const Porter__V1__Event *e)
{
    const Porter__V1__EventData *data = e->data;

    if (data == NULL) {
        return STR_NONE;
    }
    switch (data->resource_case) {
    case PORTER__V1__EVENT_DATA__RESOURCE_VISITOR:
        return str_of(data->visitor->id);
    case PORTER__V1__EVENT_DATA__RESOURCE_CONTRACTOR:
        return str_of(data->contractor->id);
    case PORTER__V1__EVENT_DATA__RESOURCE_EVACUATION:
        return str_of(data->evacuation->id);
    case PORTER__V1__EVENT_DATA__RESOURCE_WEBHOOK:
        return str_of(data->webhook->id);
    case PORTER__V1__EVENT_DATA__RESOURCE__NOT_SET:
    case _PORTER__V1__EVENT_DATA__RESOURCE__CASE_IS_INT_SIZE:
        break;
    }
    return STR_NONE;
}

static void write_change(struct json_writer *w, struct str type,
                         struct str subject, int64_t at_us)
{
    json_object_begin(w);
    body_text(w, "type", type);
    body_text_or_null(w, "subject", subject);
    body_time(w, "at", at_us);
    json_object_end(w);
}

static bool answer(struct call *call, const struct place *place,
                   const struct news *news)
{
    struct json_writer w = body_begin(call, HTTP_OK);

    body_array(&w, "changes");
    for (size_t i = 0; i < news->events.count; i++) {
        const Porter__V1__Event *e = news->events.rows[i];

        write_change(&w, str_of(e->type), subject_of(e),
                     call_time_us(e->created_at));
    }
    for (size_t i = 0; i < news->entry_count; i++) {
        write_change(&w, news->entries[i].action, news->entries[i].subject,
                     news->entries[i].at_us);
    }
    json_array_end(&w);
    write_cursor(call, place, &w);
    json_object_end(&w);
    return true;
}

/* Is whose request it is still signed in? */
static bool is_still_in(struct call *call, struct err *err)
{
    struct person_session s = {0};
    struct sha256 token = {{0}};
    bool found = false;

    if (door_token(call, &token) &&
        !person_session_find(call->db, token, clock_wall_us(), call->arena,
                             &found, &s, err)) {
        return false;
    }
    return found || call_refuse(call, PROBLEM_SIGN_IN_REQUIRED, err,
                                "this session is over");
}

static void rest(void)
{
    const struct timespec t = {.tv_nsec = LOOK_MS * 1000000L};

    (void)nanosleep(&t, NULL);
}

static bool wait_for_news(struct call *call, struct place *place,
                          struct news *news, struct err *err)
{
    const int64_t until_us = clock_steady_us() + WAIT_US;
    bool may_wait = atomic_fetch_add(&waiting, 1) < WAITING_MAX;
    bool ok = is_still_in(call, err) && look(call, place, news, err);

    while (ok && may_wait && news->events.count == 0 &&
           news->entry_count == 0 && clock_steady_us() < until_us &&
           !web_is_gone(call->request) &&
           !atomic_load(&call->gateway->is_draining)) {
        rest();
        ok = is_still_in(call, err) && look(call, place, news, err);
    }
    atomic_fetch_sub(&waiting, 1);
    return ok;
}

static bool list_changes(struct call *call, struct err *err)
{
    struct query *query = arena_take(call->arena, sizeof *query);
    struct param_value values[COUNT_OF(param_rows)];
    struct place place = {0};
    struct news news = {0};

    if (!query_read(call->request->query, call->arena, query, err)) {
        return false;
    }
    if (!params_read(&params, query, call_faults(call), values)) {
        return call_refuse_faults(call, PROBLEM_INVALID_PARAMETER, err);
    }
    if (!values[0].is_set) {
        return read_end(call, &place, err) && answer(call, &place, &news);
    }
    return read_place(call, values[0].text, &place, err) &&
           wait_for_news(call, &place, &news, err) &&
           answer(call, &place, &news);
}

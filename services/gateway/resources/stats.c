/* What a webhook's endpoint did, from the sums of hours, and what waits. */
#include "gateway/resources/resources.h"

#include "base/clock.h"
#include "gateway/resources/hook.h"
#include "store/delivery.h"
#include "store/hours.h"
#include "store/key.h"

#include "porter/v1/stats.pb-c.h"

#define HOURS_PRESET 24 /* When nobody says since when. */
#define HOURS_MAX 744   /* 31 days */

static handler_fn show_webhook_stats;

/* clang-format off */
static const struct param_table params;

static const struct operation operations[] = {
    {WEB_GET, "/api/v1/webhooks/{id}/stats", SCOPE_WEBHOOKS_READ, OP_ETAG, show_webhook_stats,
     "show_webhook_stats", "Show what a webhook's endpoint did, by the hour, and what waits for it",
     .details = "Whole hours: `since` is taken back to the beginning of its hour, `until` to the end of its own; at most 31 days. "
                "Each attempt and each end of a delivery is counted once, in the hour of its time; samples are not.",
     .params = &params, .answer = &porter__v1__webhook_stats__descriptor},
};
const struct operation_table stats_operations = OPERATIONS(operations);

enum { SINCE, UNTIL };
static const struct param_row rows[] = {
    [SINCE] = {.name = "since", .kind = PARAM_TIME, .help = "From the hour of this time on (a day before `until`)."},
    [UNTIL] = {.name = "until", .kind = PARAM_TIME, .help = "To the hour of this time (now)."},
};
static const struct param_table params = {rows, COUNT_OF(rows)};
/* clang-format on */

struct span {
    int64_t from_us, to_us;
};

static int64_t hour_of(int64_t us)
{
    int64_t into = us % US_PER_HOUR;

    return us - (into < 0 ? into + US_PER_HOUR : into);
}

static bool check_span(struct call *call, struct span s)
{
    if (s.from_us >= s.to_us) {
        return fault_add(call_faults(call), STR("since"), FAULT_NOT_ALLOWED,
                         "must be before until");
    }
    return s.to_us - s.from_us <= HOURS_MAX * US_PER_HOUR ||
           fault_add(call_faults(call), STR("since"), FAULT_NOT_ALLOWED,
                     "must be at most %d hours before until", HOURS_MAX);
}

static bool read_span(struct call *call, struct span *out, struct err *err)
{
    struct query *query = arena_take(call->arena, sizeof *query);
    struct param_value values[COUNT_OF(rows)];
    struct span s;

    if (!query_read(call->request->query, call->arena, query, err)) {
        return false;
    }
    if (!params_read(&params, query, call_faults(call), values)) {
        return call_refuse_faults(call, PROBLEM_INVALID_PARAMETER, err);
    }
    /* An `until` on the hour ends what is before it. */
    s.to_us =
        hour_of((values[UNTIL].is_set ? values[UNTIL].number : call->now_us) +
                US_PER_HOUR - 1);
    s.from_us = values[SINCE].is_set ? hour_of(values[SINCE].number)
                                     : s.to_us - HOURS_PRESET * US_PER_HOUR;
    if (!check_span(call, s)) {
        return call_refuse_faults(call, PROBLEM_INVALID_PARAMETER, err);
    }
    *out = s;
    return true;
}

/* --- messages ------------------------------------------------------------- */

static void set(struct call *call, ProtobufCMessage *m, const char *name,
                int64_t n)
{
    message_set_int(message_find(m, str_of(name), call->arena),
                    MIN_OF(n, INT32_MAX));
}

/* WebhookCounts and WebhookHour have the same fields. */
static void fill(struct call *call, ProtobufCMessage *m,
                 const struct hours_counts *c)
{
    const int64_t attempts = hours_attempts(c);

    set(call, m, "delivered_count", c->delivered);
    set(call, m, "failed_count", c->failed);
    set(call, m, "attempt_count", attempts);
    set(call, m, "succeeded_count", c->succeeded);
    set(call, m, "retry_count", c->retry);
    set(call, m, "give_up_count", c->give_up);
    set(call, m, "disable_count", c->disable);
    if (attempts > 0) {
        set(call, m, "success_per_mille", c->succeeded * 1000 / attempts);
        set(call, m, "p50_us", hours_quantile_us(c, 50));
        set(call, m, "p95_us", hours_quantile_us(c, 95));
    }
}

static void fill_hours(struct call *call, Porter__V1__WebhookStats *stats,
                       const struct hour *list, size_t count)
{
    struct hours_counts sum = {0};
    ProtobufCMessage *totals =
        message_new(&porter__v1__webhook_counts__descriptor, call->arena);

    stats->n_hours = count;
    stats->hours =
        arena_zero(call->arena, count + 1, sizeof(Porter__V1__WebhookHour *));
    for (size_t i = 0; i < count; i++) {
        ProtobufCMessage *m =
            message_new(&porter__v1__webhook_hour__descriptor, call->arena);

        call_set_time(call, m, "hour", list[i].at_us);
        fill(call, m, &list[i].counts);
        stats->hours[i] = (Porter__V1__WebhookHour *)(void *)m;
        hours_add(&sum, &list[i].counts);
    }
    fill(call, totals, &sum);
    stats->totals = (Porter__V1__WebhookCounts *)(void *)totals;
}

static bool show_webhook_stats(struct call *call, struct err *err)
{
    struct deliveries_waiting waiting = {0};
    struct hour *list = NULL;
    struct span span = {0};
    struct id id;
    size_t count = 0;

    if (!call_path_id(call, ID_WEBHOOK, &id, err) ||
        !read_span(call, &span, err) || !hook_check_known(call, id, err) ||
        !hours_list(call->db, call_org(call), id, span.from_us, span.to_us,
                    call->arena, &list, &count, err) ||
        !delivery_waiting(call->db, call_org(call), id, &waiting, err)) {
        return false;
    }
    ProtobufCMessage *m =
        message_new(&porter__v1__webhook_stats__descriptor, call->arena);
    message_set_text(message_find(m, STR("webhook_id"), call->arena),
                     str_of(id_text(ID_WEBHOOK, id).data), call->arena);
    call_set_time(call, m, "since", span.from_us);
    call_set_time(call, m, "until", span.to_us);
    fill_hours(call, (Porter__V1__WebhookStats *)(void *)m, list, count);
    set(call, m, "pending_count", waiting.pending);
    set(call, m, "held_count", waiting.held);
    if (waiting.oldest_us != DB_TIME_NULL) {
        call_set_time(call, m, "oldest_waiting_at", waiting.oldest_us);
    }
    return call_reply_tagged(call, m);
}

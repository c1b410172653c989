/* How each webhook's endpoint did in the last day: the list's numbers, in one
 * call. */
#include "gateway/dashboard/dashboard.h"

#include "gateway/dashboard/body.h"
#include "store/dashboard.h"
#include "store/hours.h"
#include "store/key.h"

static handler_fn list_numbers;

/* clang-format off */
static const struct operation operations[] = {
    {WEB_GET, "/dashboard/api/webhook-numbers", SCOPE_WEBHOOKS_READ, 0, list_numbers,
     "list_webhook_numbers", "Show how each webhook's endpoint did in 24 hours", .status = HTTP_OK},
};
const struct operation_table webhook_number_operations = OPERATIONS(operations);
/* clang-format on */

static void write_one(struct json_writer *w, const struct hours_of_webhook *of)
{
    const int64_t attempts = hours_attempts(&of->counts);

    json_object_begin(w);
    body_id(w, "id", ID_WEBHOOK, of->webhook_id);
    body_int(w, "attempt_count", attempts);
    if (attempts > 0) {
        body_int(w, "success_per_mille",
                 of->counts.succeeded * 1000 / attempts);
        body_int(w, "p95_us", hours_quantile_us(&of->counts, 95));
    }
    body_time(w, "last_failed_hour", of->failed_at_us);
    body_int(w, "held_count", of->held);
    json_object_end(w);
}

static bool list_numbers(struct call *call, struct err *err)
{
    const int64_t from_us = day_begin_us(call->now_us);
    struct hours_of_webhook *list = NULL;
    struct json_writer w;
    size_t count = 0;

    if (!call_no_params(call, err) ||
        !hours_of_all(call->db, call_org(call), from_us, call->arena, &list,
                      &count, err)) {
        return false;
    }
    w = body_begin(call, HTTP_OK);
    body_array(&w, "webhooks");
    for (size_t i = 0; i < count; i++) {
        write_one(&w, &list[i]);
    }
    json_array_end(&w);
    json_object_end(&w);
    return true;
}

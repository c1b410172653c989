/* The first page's numbers: a day, and what somebody should look at. */
#include "gateway/dashboard/dashboard.h"

#include "gateway/dashboard/body.h"
#include "gateway/dashboard/role.h"
#include "store/dashboard.h"
#include "store/key.h"

static handler_fn show_overview;

/* clang-format off */
static const struct operation operations[] = {
    {WEB_GET, "/dashboard/api/overview", 0, 0, show_overview,
     "show_overview", "Show the numbers of the last 24 hours", .status = HTTP_OK},
};
const struct operation_table overview_operations = OPERATIONS(operations);

static const struct kind {
    const char *name;
    enum id_kind id;
    unsigned right; /* Who is told. */
    const char *text;
} kinds[] = {
    {"webhook_failing", ID_WEBHOOK, SCOPE_WEBHOOKS_READ, "Every attempt fails; events are held for it"},
    {"webhook_disabled", ID_WEBHOOK, SCOPE_WEBHOOKS_READ, "It was disabled and gets nothing"},
    {"key_expiring", ID_KEY, RIGHT_KEYS, "It ends within seven days"},
    {"evacuation_active", ID_EVACUATION, SCOPE_EVACUATIONS_READ, "An evacuation is under way"},
    {"drill_active", ID_EVACUATION, SCOPE_EVACUATIONS_READ, "A drill is under way"},
};
/* clang-format on */

static void write_ms(struct json_writer *w, const char *name, int64_t ms)
{
    json_key(w, str_of(name));
    if (ms >= 0) {
        json_add_int(w, ms);
    } else {
        json_add_null(w);
    }
}

static void write_hours(struct json_writer *w, const struct day *day)
{
    body_array(w, "hours");
    for (size_t i = 0; i < DAY_HOURS; i++) {
        const struct day_hour *h = &day->hours[i];

        json_object_begin(w);
        body_time(w, "at", h->at_us);
        body_int(w, "events", h->events);
        body_int(w, "delivered", h->delivered);
        body_int(w, "failed", h->failed);
        write_ms(w, "p50_ms", h->p50_ms);
        write_ms(w, "p95_ms", h->p95_ms);
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_sums(struct json_writer *w, const struct day *day)
{
    struct day_hour sum = {0};

    for (size_t i = 0; i < DAY_HOURS; i++) {
        sum.delivered += day->hours[i].delivered;
        sum.failed += day->hours[i].failed;
        sum.waiting += day->hours[i].waiting;
    }
    json_key(w, STR("visitors"));
    json_object_begin(w);
    body_int(w, "expected_today", day->expected_today);
    body_int(w, "on_site", day->on_site);
    json_object_end(w);
    json_key(w, STR("deliveries_24h"));
    json_object_begin(w);
    body_int(w, "delivered", sum.delivered);
    body_int(w, "failed", sum.failed);
    body_int(w, "waiting", sum.waiting);
    json_object_end(w);
}

static void write_attention(struct call *call, struct json_writer *w,
                            const struct attention *list, size_t count)
{
    const unsigned rights = role_rights(call->person->role);

    body_array(w, "attention");
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < COUNT_OF(kinds); k++) {
            if (!str_eq(list[i].kind, str_of(kinds[k].name)) ||
                (rights & kinds[k].right) == 0) {
                continue;
            }
            json_object_begin(w);
            body_text(w, "kind", list[i].kind);
            body_id(w, "subject", kinds[k].id, list[i].id);
            body_text(w, "name", list[i].name);
            body_time(w, "at", list[i].at_us);
            body_text(w, "text", str_of(kinds[k].text));
            json_object_end(w);
        }
    }
    json_array_end(w);
}

static bool show_overview(struct call *call, struct err *err)
{
    const struct id any = {{0}};
    struct day *day = arena_zero(call->arena, 1, sizeof *day);
    struct attention *attention = NULL;
    struct key_hour *hours = NULL;
    size_t attention_count = 0;
    size_t hour_count = 0;
    int64_t limited = 0;
    struct json_writer w;

    if (!call_no_params(call, err) ||
        !day_read(call->db, call_org(call), call->now_us, day, err) ||
        !attention_read(call->db, call_org(call), call->now_us, call->arena,
                        &attention, &attention_count, err) ||
        !key_hours_of(call->db, call_org(call), any, day->hours[0].at_us,
                      call->arena, &hours, &hour_count, err)) {
        return false;
    }
    for (size_t i = 0; i < hour_count; i++) {
        limited += hours[i].limited;
    }
    w = body_begin(call, HTTP_OK);
    write_sums(&w, day);
    write_hours(&w, day);
    body_int(&w, "rate_limited_24h", limited);
    write_attention(call, &w, attention, attention_count);
    json_object_end(&w);
    return true;
}

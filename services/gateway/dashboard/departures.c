/* Who left a location since a time, by the departure: for the front desk, where
 * somebody may have come the day before. */
#include "gateway/dashboard/dashboard.h"

#include "gateway/list.h"
#include "store/key.h"
#include "store/visitor.h"

#include <assert.h>

static handler_fn list_departures;

/* clang-format off */
static const struct param_table params;

static const struct operation operations[] = {
    {WEB_GET, "/dashboard/api/departures", SCOPE_VISITORS_READ, 0, list_departures,
     "list_departures", "List who left a location, the latest first", .params = &params, .status = HTTP_OK},
};
const struct operation_table departure_operations = OPERATIONS(operations);

enum departure_param { AT_LOCATION = LIST_PARAM_COUNT, SINCE };

static const struct param_row param_rows[] = {
    LIST_PARAM_ROWS,
    [AT_LOCATION] = {.name = "location_id", .kind = PARAM_ID, .id_kind = ID_LOCATION, .is_filter = true, .required = true,
        .help = "Which location."},
    [SINCE] = {.name = "from", .kind = PARAM_TIME, .is_filter = true, .required = true, .help = "Left at this time or later."},
};
static const struct param_table params = {param_rows, COUNT_OF(param_rows)};
/* clang-format on */

static struct page_key key_of(const ProtobufCMessage *row)
{
    const Porter__V1__Visitor *v = (const void *)row;
    struct page_key key = {.number = call_time_us(v->checked_out_at)};
    bool is_id = id_read(ID_VISITOR, str_of(v->id), &key.id);

    assert(is_id);
    (void)is_id;
    return key;
}

static bool list_departures(struct call *call, struct err *err)
{
    struct visitor_left query = {0};
    Porter__V1__Visitor **rows = NULL;
    struct list list;
    size_t count = 0;

    if (!list_read(call, "visitors", &params, &list, err)) {
        return false;
    }
    query = (struct visitor_left){
        .location_id = list.params[AT_LOCATION].id,
        .since_us = list.params[SINCE].number,
        .after = {list.goes_on, list.after.number, list.after.id},
        .max = list.limit + 1UL,
    };
    if (!visitor_left(call->db, call_org(call), &query, call->arena, &rows,
                      &count, err)) {
        return false;
    }
    list_answer(call, &list, (ProtobufCMessage *const *)(void *)rows, count,
                key_of, LIST_NO_TOTAL);
    return true;
}

/* Locations: list, show. */
#include "gateway/resources/resources.h"

#include "gateway/list.h"
#include "store/key.h"
#include "store/location.h"

static handler_fn list_locations;
static handler_fn show_location;

/* clang-format off */
static const struct param_table params;

static const struct operation operations[] = {
    {WEB_GET, "/api/v1/locations", SCOPE_LOCATIONS_READ, OP_ETAG, list_locations,
     "list_locations", "List all locations by name, with pagination",
     .params = &params, .answer = &porter__v1__location__descriptor, .list_name = "locations"},
    {WEB_GET, "/api/v1/locations/{id}", SCOPE_LOCATIONS_READ, OP_ETAG, show_location,
     "show_location", "Show one location", .answer = &porter__v1__location__descriptor},
};
const struct operation_table location_operations = OPERATIONS(operations);

enum location_param { BY_SEARCH = LIST_PARAM_COUNT, LOCATION_PARAM_COUNT };

static const struct param_row param_rows[] = {
    LIST_PARAM_ROWS,
    [BY_SEARCH] = {.name = "q", .kind = PARAM_TEXT, .is_filter = true, .min = 1, .max = 200,
        .help = "Beginnings of words of name or city."},
};
static const struct param_table params = {param_rows, COUNT_OF(param_rows)};
_Static_assert(COUNT_OF(param_rows) == LOCATION_PARAM_COUNT, "one row per parameter");
/* clang-format on */

static struct page_key key_of(const ProtobufCMessage *row)
{
    const Porter__V1__Location *l = (const void *)row;
    struct page_key key = page_key_of(ID_LOCATION, l->id);

    key.text = str_of(l->name);
    return key;
}

static bool list_locations(struct call *call, struct err *err)
{
    struct list list;
    struct location_filter filter;
    Porter__V1__Location **rows = NULL;
    size_t count = 0;

    if (!list_read(call, "locations", &params, &list, err)) {
        return false;
    }
    filter = (struct location_filter){.search = list.params[BY_SEARCH].text,
                                      .after_name = list.after.text,
                                      .after_id = list.after.id};
    if (!location_list(call->db, call_org(call), &filter, list.limit + 1,
                       call->arena, &rows, &count, err)) {
        return false;
    }
    list_answer(call, &list, (ProtobufCMessage *const *)(void *)rows, count,
                key_of, LIST_NO_TOTAL);
    return true;
}

#define COUNT_SPREAD 0x9E3779B97F4A7C15U /* Odd: no two counts are alike. */

/* on_site_count changes without the row: both are in the version. */
static int64_t version_of(const Porter__V1__Location *location)
{
    uint64_t version = (uint64_t)call_time_us(location->updated_at);

    return (int64_t)(version ^
                     (uint64_t)location->on_site_count * COUNT_SPREAD);
}

static bool show_location(struct call *call, struct err *err)
{
    struct id id;
    Porter__V1__Location *location = NULL;

    if (!call_no_params(call, err) ||
        !call_path_id(call, ID_LOCATION, &id, err) ||
        !location_find(call->db, call_org(call), id, call->arena, &location,
                       err)) {
        return false;
    }
    if (call_is_unchanged(call, version_of(location))) {
        return true;
    }
    return call_reply(call, HTTP_OK, &location->base);
}

/* Contractors: list, show. */
#include "gateway/resources/resources.h"

#include "gateway/list.h"
#include "store/compliance.h"
#include "store/contractor.h"
#include "store/key.h"

static handler_fn list_contractors;
static handler_fn show_contractor;

/* clang-format off */
static const struct param_table params;

static const struct operation operations[] = {
    {WEB_GET, "/api/v1/contractors", SCOPE_CONTRACTORS_READ, OP_ETAG, list_contractors,
     "list_contractors", "List contractors, newest first, with filters and pagination",
     .params = &params, .answer = &porter__v1__contractor__descriptor, .list_name = "contractors"},
    {WEB_GET, "/api/v1/contractors/{id}", SCOPE_CONTRACTORS_READ, OP_ETAG, show_contractor,
     "show_contractor", "Show one contractor", .answer = &porter__v1__contractor__descriptor},
};
const struct operation_table contractor_operations = OPERATIONS(operations);

enum contractor_param {
    BY_STATUS = LIST_PARAM_COUNT, BY_LOCATION, BY_COMPANY, BY_SEARCH, EXPIRES_BEFORE,
    CONTRACTOR_PARAM_COUNT
};

static const struct param_row param_rows[] = {
    LIST_PARAM_ROWS,
    [BY_STATUS] = {.name = "status", .kind = PARAM_ENUM, .repeatable = true, .is_filter = true,
        .words_of = &porter__v1__contractor_status__descriptor, .help = "May be repeated: any of these."},
    [BY_LOCATION] = {.name = "location_id", .kind = PARAM_ID, .is_filter = true, .id_kind = ID_LOCATION,
        .help = "Allowed at this location."},
    [BY_COMPANY] = {.name = "company", .kind = PARAM_TEXT, .is_filter = true, .min = 1, .max = 200,
        .help = "The contractor's company."},
    [BY_SEARCH] = {.name = "q", .kind = PARAM_TEXT, .is_filter = true, .min = 1, .max = 200,
        .help = "Beginnings of words of company, contact's name or contact's e-mail."},
    [EXPIRES_BEFORE] = {.name = "expires_before", .kind = PARAM_TIME, .is_filter = true,
        .help = "Insurance or approval ends before this time (or has ended)."},
};
static const struct param_table params = {param_rows, COUNT_OF(param_rows)};
_Static_assert(COUNT_OF(param_rows) == CONTRACTOR_PARAM_COUNT, "one row per parameter");
/* clang-format on */

static struct contractor_filter filter_of(const struct list *list)
{
    const struct param_value *p = list->params;

    return (struct contractor_filter){
        .statuses = p[BY_STATUS].bits,
        .location_id = p[BY_LOCATION].id,
        .company = p[BY_COMPANY].text,
        .search = p[BY_SEARCH].text,
        .expires_before_us =
            p[EXPIRES_BEFORE].is_set ? p[EXPIRES_BEFORE].number : DB_TIME_NULL,
        .after_created_us = list->goes_on ? list->after.number : DB_TIME_NULL,
        .after_id = list->goes_on ? list->after.id : (struct id){{0}},
    };
}

static struct page_key key_of(const ProtobufCMessage *row)
{
    const Porter__V1__Contractor *c = (const void *)row;
    struct page_key key = page_key_of(ID_CONTRACTOR, c->id);

    key.number = call_time_us(c->created_at);
    return key;
}

static bool list_contractors(struct call *call, struct err *err)
{
    struct list list;
    struct contractor_filter filter;
    Porter__V1__Contractor **rows = NULL;
    size_t count = 0;

    if (!list_read(call, "contractors", &params, &list, err)) {
        return false;
    }
    filter = filter_of(&list);
    if (!contractor_list(call->db, call_org(call), &filter, list.limit + 1,
                         call->now_us, call->arena, &rows, &count, err)) {
        return false;
    }
    list_answer(call, &list, (ProtobufCMessage *const *)(void *)rows, count,
                key_of, LIST_NO_TOTAL);
    return true;
}

static bool show_contractor(struct call *call, struct err *err)
{
    struct id id;
    Porter__V1__Contractor *contractor = NULL;

    if (!call_no_params(call, err) ||
        !call_path_id(call, ID_CONTRACTOR, &id, err) ||
        !contractor_find(call->db, call_org(call), id, call->now_us,
                         call->arena, &contractor, err)) {
        return false;
    }
    if (call_is_unchanged(call,
                          contractor_version_us(contractor, call->now_us))) {
        return true;
    }
    return call_reply(call, HTTP_OK, &contractor->base);
}

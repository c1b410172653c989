/* What a key was used for lately: the calls that are kept of it. */
#include "gateway/dashboard/keys.h"

#include "gateway/calls.h"
#include "gateway/dashboard/body.h"
#include "gateway/dashboard/dashboard.h"
#include "gateway/dashboard/role.h"
#include "gateway/list.h"

static handler_fn list_key_calls;

/* clang-format off */
static const struct param_table params;

static const struct operation operations[] = {
    {WEB_GET, "/dashboard/api/keys/{id}/calls", RIGHT_KEYS, 0, list_key_calls,
     "list_key_calls", "List what a key was used for lately, newest first", .params = &params, .status = HTTP_OK},
};
const struct operation_table key_call_operations = OPERATIONS(operations);

enum call_param { BY_STATUS = LIST_PARAM_COUNT };

static const struct param_row param_rows[] = {
    LIST_PARAM_ROWS,
    [BY_STATUS] = {.name = "status", .kind = PARAM_UINT, .is_filter = true, .min = 100, .max = 599,
        .help = "Only calls that were answered with it."},
};
static const struct param_table params = {param_rows, COUNT_OF(param_rows)};
/* clang-format on */

static bool is_behind(const struct call_kept *c, const struct page_key *after)
{
    const struct call_kept last = {.at_us = after->number, .mark = after->id};

    return calls_compare(&last, c) < 0;
}

/* Is it asked for? */
static bool fits(const struct call_kept *c, const struct list *list)
{
    const struct param_value *status = &list->params[BY_STATUS];
    struct err ignored = ERR_NONE;
    const struct json *code = NULL;
    struct json *row = NULL;
    bool ok = false;

    if (list->goes_on && !is_behind(c, &list->after)) {
        return false;
    }
    if (!status->is_set) {
        return true;
    }
    if (!json_read(c->json, &row, &ignored)) {
        return false;
    }
    code = json_find(row, "status");
    ok = code != NULL && json_type(code) == JSON_INT &&
         json_int(code) == status->number;
    json_free(row);
    return ok;
}

static bool list_key_calls(struct call *call, struct err *err)
{
    struct list_end end = {.total = LIST_NO_TOTAL};
    struct key_row key = {0};
    struct call_kept *calls = NULL;
    struct json_writer w;
    struct list list;
    size_t count = 0;
    unsigned shown = 0;

    if (!list_read(call, "calls", &params, &list, err) ||
        !keys_find(call, &key, err) ||
        !calls_read(call->gateway->kv, call_org(call), key.id, call->arena,
                    &calls, &count, err)) {
        return false;
    }
    w = list_begin(call, &list);
    for (size_t i = 0; i < count && !end.has_more; i++) {
        if (!fits(&calls[i], &list)) {
            continue;
        }
        if (shown == list.limit) {
            end.has_more = true;
        } else {
            json_add_raw(&w, calls[i].json);
            end.last = (struct page_key){.number = calls[i].at_us,
                                         .id = calls[i].mark};
            shown++;
        }
    }
    list_finish(call, &list, &w, &end);
    return true;
}

/* What bodies must obey, for the page's forms: the tables that judge them here,
 * as the schemas that the OpenAPI document has of them. */
#include "gateway/dashboard/dashboard.h"

#include "gateway/dashboard/body.h"
#include "gateway/openapi/schemas.h"
#include "message/schema.h"

static handler_fn show_rules;

/* clang-format off */
static const struct operation operations[] = {
    {WEB_GET, "/dashboard/api/rules", 0, OP_ETAG, show_rules,
     "show_rules", "Show what the bodies of requests must obey", .status = HTTP_OK},
};
const struct operation_table rule_operations = OPERATIONS(operations);
/* clang-format on */

/* The browser keeps it and asks whether it is still the same: a form that is
 * opened after a new version came obeys that version's rules. */
static bool show_rules(struct call *call, struct err *err)
{
    const struct operation *list[OPERATIONS_MAX];
    struct json_writer w = json_writer(&call->response->body);

    if (!call_no_params(call, err)) {
        return false;
    }
    json_object_begin(&w);
    json_key(&w, STR("inputs"));
    json_object_begin(&w);
    schemas_write_inputs(list, routes_all(list), &w);
    schemas_write_inputs(list, routes_inner(list), &w);
    json_object_end(&w);
    json_key(&w, STR("told"));
    schema_write_told(&w);
    json_object_end(&w);
    call->cache = STR("private, no-cache");
    (void)call_reply_written(call);
    return true;
}

/* The key's own limit: what is left, without using any of it up. */
#include "gateway/resources/resources.h"

#include "gateway/call.h"
#include "json/json.h"
#include "store/key.h"

static handler_fn show_rate_limit;

/* clang-format off */
static const struct operation operations[] = {
    {WEB_GET, "/api/v1/rate-limit", 0, OP_UNCOUNTED | OP_KEY_ONLY, show_rate_limit,
     "show_rate_limit", "Show what is left of the key's limit; is not counted itself",
     .schema = "RateLimit"},
};
const struct operation_table rate_limit_operations = OPERATIONS(operations);
/* clang-format on */

static bool show_rate_limit(struct call *call, struct err *err)
{
    const struct admission *a = &call->admission;
    struct id_text id = id_text(ID_KEY, a->principal.key_id);
    struct json_writer w = json_writer(&call->response->body);
    struct str name = STR_NONE;
    struct err ignored = ERR_NONE;

    if (!call_no_params(call, err)) {
        return false;
    }
    /* Without PostgreSQL the numbers are told all the same. */
    if (!key_name(call->db, call_org(call), a->principal.key_id, call->arena,
                  &name, &ignored)) {
        name = STR("");
    }
    call_answer(call, HTTP_OK, JSON_TYPE);
    json_object_begin(&w);
    json_key(&w, STR("limit"));
    json_add_int(&w, a->limit);
    json_key(&w, STR("remaining"));
    json_add_int(&w, a->remaining);
    json_key(&w, STR("used"));
    json_add_int(&w, a->limit - a->remaining);
    json_key(&w, STR("reset"));
    json_add_int(&w, call_seconds(a->reset_ms));
    json_key(&w, STR("window"));
    json_add_int(&w, call_seconds(ADMIT_WINDOW_MS));
    json_key(&w, STR("key"));
    json_object_begin(&w);
    json_key(&w, STR("id"));
    json_add_text(&w, str_of(id.data));
    json_key(&w, STR("name"));
    json_add_text(&w, name);
    json_object_end(&w);
    json_object_end(&w);
    return true;
}

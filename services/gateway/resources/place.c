/* `location_id` in a body. */
#include "gateway/resources/place.h"

#include "store/location.h"

bool body_lacks(const struct json *body, const char *name)
{
    const struct json *v = json_find(body, name);

    return v == NULL || json_type(v) == JSON_NULL ||
           (json_type(v) == JSON_TEXT && json_text(v).len == 0);
}

bool place_read(struct call *call, const struct json *body, struct id *only,
                bool *valid, struct err *err)
{
    bool found = false;

    if (!body_lacks(body, "location_id")) {
        return true;
    }
    if (!location_only(call->db, call_org(call), &found, only, err)) {
        return false;
    }
    if (!found) {
        *valid =
            fault_add(call_faults(call), STR("location_id"), FAULT_REQUIRED,
                      "is required: your organization does not have "
                      "exactly one location");
    }
    return true;
}

static void fault_not_found(struct call *call)
{
    (void)fault_add(call_faults(call), STR("location_id"), FAULT_NOT_FOUND,
                    "your organization has no such location");
}

bool place_check(struct call *call, const struct json *body, struct err *err)
{
    const struct json *sent = json_find(body, "location_id");
    struct id id = {{0}};
    size_t *missing = NULL;
    size_t count = 0;

    if (sent == NULL || json_type(sent) != JSON_TEXT ||
        !id_read(ID_LOCATION, json_text(sent), &id)) {
        return true;
    }
    if (!location_missing(call->db, call_org(call), &id, 1, call->arena,
                          &missing, &count, err)) {
        return false;
    }
    if (count > 0) {
        fault_not_found(call);
    }
    return true;
}

bool place_refuse(struct call *call, struct err *err)
{
    fault_not_found(call);
    return call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
}

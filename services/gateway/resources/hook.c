/* The webhook in the path: is it there, and may it be sent to? */
#include "gateway/resources/hook.h"

#include "store/delivery.h"

bool hook_find(struct call *call, Porter__V1__Webhook **out, struct id *id,
               struct err *err)
{
    return call_path_id(call, ID_WEBHOOK, id, err) &&
           webhook_find(call->db, call_org(call), *id, call->now_us,
                        call->arena, out, err);
}

bool hook_check_enabled(struct call *call, const Porter__V1__Webhook *w,
                        struct err *err)
{
    if (w->status == PORTER__V1__WEBHOOK_STATUS__WEBHOOK_STATUS_ENABLED) {
        return true;
    }
    (void)call_refuse_state(call, STR("disabled"), call_time_us(w->updated_at),
                            err);
    return err_set(err, err->code,
                   "the webhook is disabled; enable it first "
                   "(PATCH /api/v1/webhooks/%s)",
                   w->id);
}

bool hook_check_known(struct call *call, struct id webhook_id, struct err *err)
{
    Porter__V1__Webhook *w = NULL;
    struct err why = ERR_NONE;
    bool found = false;

    if (webhook_find(call->db, call_org(call), webhook_id, call->now_us,
                     call->arena, &w, &why)) {
        return true;
    }
    if (why.code == ERR_NOT_FOUND &&
        !delivery_any(call->db, call_org(call), webhook_id, &found, err)) {
        return false;
    }
    if (!found) {
        *err = why;
    }
    return found;
}

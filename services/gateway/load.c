/* Requests under way, counted. */
#include "gateway/load.h"

#include "gateway/routes.h"
#include "gateway/usage.h"
#include "store/key.h"

#include <limits.h>

unsigned load_room(enum load_kind kind, unsigned max)
{
    switch (kind) {
    case LOAD_READ:
        return MAX_OF(max - max / 4, 1U);
    case LOAD_WRITE:
        return max;
    case LOAD_EVACUATION:
        break;
    }
    return UINT_MAX;
}

static enum load_kind kind_of(const struct call *call)
{
    unsigned scope = call->operation->scope;
    enum web_method method = call->operation->method;

    if ((scope & (SCOPE_EVACUATIONS_READ | SCOPE_EVACUATIONS_WRITE)) != 0) {
        return LOAD_EVACUATION;
    }
    return method == WEB_GET ? LOAD_READ : LOAD_WRITE;
}

static bool refuse(struct call *call, const char *whose, enum shed_cause cause,
                   struct err *err)
{
    gateway_metrics_shed(call->gateway->metrics, cause);
    return call_refuse(call, PROBLEM_OVERLOADED, err,
                       "too many requests%s are being worked on at this "
                       "moment; nothing was done",
                       whose);
}

bool load_enter(struct call *call, struct err *err)
{
    struct gateway *g = call->gateway;
    enum load_kind kind = kind_of(call);
    unsigned room = load_room(kind, (unsigned)g->settings.in_flight_max);
    unsigned before = 0;

    if ((call->operation->flags & OP_WAITS) != 0) {
        return true;
    }
    before = atomic_fetch_add(&g->in_flight, 1);
    call->is_entered = true;
    return before < room ||
           refuse(call, "", kind == LOAD_READ ? SHED_READ : SHED_WRITE, err);
}

bool load_enter_key(struct call *call, struct err *err)
{
    struct gateway *g = call->gateway;
    enum load_kind kind = kind_of(call);
    unsigned room = load_room(kind, (unsigned)g->settings.in_flight_key_max);

    if (!call->is_known ||
        usage_enter(g->usage, call->key_hash, &call->admission.principal, room,
                    call->now_us, &call->usage)) {
        return true;
    }
    call->is_shed_by_key = true;
    return refuse(call, " of this API key",
                  kind == LOAD_READ ? SHED_KEY_READ : SHED_KEY_WRITE, err);
}

void load_leave(struct call *call)
{
    usage_leave(call->gateway->usage, call->usage);
    call->usage = NULL;
    if (call->is_entered) {
        atomic_fetch_sub(&call->gateway->in_flight, 1);
        call->is_entered = false;
    }
}

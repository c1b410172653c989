/* The webhook in the path, of operations below it. */
#ifndef PORTER_GATEWAY_RESOURCES_HOOK_H
#define PORTER_GATEWAY_RESOURCES_HOOK_H

#include "gateway/call.h"

MUST_USE bool hook_find(struct call *call, Porter__V1__Webhook **out,
                        struct id *id, struct err *err);

/* A disabled one gets nothing, so nothing can be made due for it. */
MUST_USE bool hook_check_enabled(struct call *call,
                                 const Porter__V1__Webhook *w, struct err *err);

/* A deleted webhook's log can be read for as long as there is any. */
MUST_USE bool hook_check_known(struct call *call, struct id webhook_id,
                               struct err *err);

#endif

/* Which webhooks want this event, be they enabled or not: for a disabled one
 * it is held. Pure. */
#ifndef PORTER_DISPATCHER_MATCH_H
#define PORTER_DISPATCHER_MATCH_H

#include "store/event.h"
#include "store/webhook.h"

bool match_wants(const struct webhook_target *target, enum event_type type);

/* Those of an org's webhooks that want the event, into out (room for count).
 * How many. */
size_t match_event(const struct webhook_target *targets, size_t count,
                   enum event_type type, const struct webhook_target **out);

/* The webhook with this id, or NULL. */
const struct webhook_target *match_find(const struct webhook_target *targets,
                                        size_t count, struct id id);

#endif

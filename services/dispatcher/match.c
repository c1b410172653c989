/* Stands after intake (an event) and before ledger (one delivery for each
 * webhook found here). */
#include "dispatcher/match.h"

bool match_wants(const struct webhook_target *target, enum event_type type)
{
    return (target->events & (1U << type)) != 0;
}

size_t match_event(const struct webhook_target *targets, size_t count,
                   enum event_type type, const struct webhook_target **out)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        if (match_wants(&targets[i], type)) {
            out[found++] = &targets[i];
        }
    }
    return found;
}

const struct webhook_target *match_find(const struct webhook_target *targets,
                                        size_t count, struct id id)
{
    for (size_t i = 0; i < count; i++) {
        if (id_eq(targets[i].id, id)) {
            return &targets[i];
        }
    }
    return NULL;
}

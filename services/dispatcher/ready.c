/* Stands between lane, where time goes by, and the request. */
#include "dispatcher/ready.h"

#include "dispatcher/claim.h"
#include "dispatcher/match.h"

#include "base/clock.h"

int64_t ready_lease_us(const struct dispatcher *d)
{
    return clock_wall_us() +
           (int64_t)d->settings.attempt_timeout_ms * US_PER_MS;
}

/* Its webhook may not be as it was when it became a job. False: who claims it
 * reads that anew. */
static bool is_current(struct dispatcher *d, struct job *j)
{
    if (!targets_are_stale(d->targets, j->set)) {
        return true;
    }
    struct target_set *set = targets_peek(d->targets, j->body->org_id);
    if (set == NULL) {
        return false;
    }
    target_set_release(j->set);
    j->set = set;
    j->target = match_find(set->list, set->count, j->webhook_id);
    return true;
}

enum ready ready_look(struct dispatcher *d, struct job *j, enum refusal *why)
{
    if (j->lease_until_us <= ready_lease_us(d) || !is_current(d, j)) {
        return READY_LATER;
    }
    *why = claim_refusal(d, j);
    if (*why != REFUSAL_NONE) {
        return READY_NEVER;
    }
    return job_is_on_hold(j) ? READY_HELD : READY_TO_SEND;
}

bool ready_has_moved(struct dispatcher *d, const struct job *j)
{
    struct target_set *set = targets_are_stale(d->targets, j->set)
                                 ? targets_peek(d->targets, j->body->org_id)
                                 : NULL;
    const struct webhook_target *now =
        set == NULL ? NULL : match_find(set->list, set->count, j->webhook_id);
    bool has_moved = now != NULL && !str_eq(now->url, j->target->url);

    target_set_release(set);
    return has_moved;
}

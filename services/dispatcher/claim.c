/* Stands after retry and circuits, which claim rows, and before the lanes. */
#include "dispatcher/claim.h"

#include "dispatcher/circuits.h"
#include "dispatcher/match.h"
#include "dispatcher/meter.h"
#include "dispatcher/outcome.h"

#include "base/clock.h"
#include "log/log.h"

#define GONE STR("The webhook does not exist any more.")
#define LOCKED                                                                 \
    STR("The webhook's secret can't be opened: no key of this installation "   \
        "sealed it. Rotate the secret.")

static struct job *job_of_row(struct dispatcher *d, const struct delivery *row,
                              struct target_set *set)
{
    const struct body body = {
        .org_id = row->org_id,
        .event_id = row->event_id,
        .event_at_us = row->event_at_us,
        .is_test = row->is_test,
        .event_type = row->event_type,
        .subject = row->subject,
        .request_id = row->request_id,
        .bytes = row->body,
    };
    struct job *j = job_new(&d->load, true, body_new(&body), set,
                            match_find(set->list, set->count, row->webhook_id));

    j->id = row->id;
    j->webhook_id = row->webhook_id;
    j->attempts = row->attempts;
    j->attempts_before = row->attempts_before;
    j->made_at_us = row->created_at_us;
    j->lease_until_us = row->due_at_us;
    j->phase = JOB_WRITTEN;
    return j;
}

/* What will never be sent; STR_NONE when it may be. */
static struct str refusal(const struct job *j)
{
    if (j->target == NULL) {
        return GONE;
    }
    return j->body->is_test && j->target->is_broken ? LOCKED : STR_NONE;
}

void claim_take(struct dispatcher *d, const struct delivery *row, bool is_probe,
                struct job_list *send, struct job_list *ended)
{
    struct target_set *set = NULL;
    struct err err = ERR_NONE;

    if (!targets_take(d->targets, row->org_id, 0, &set, &err)) {
        log_err(LOG_WARN, "retry.postponed", &err,
                LOG_FIELDS(LOG_ID("delivery", ID_DELIVERY, row->id),
                           LOG_STR("request_id", row->request_id)));
        return;
    }
    struct job *j = job_of_row(d, row, set);
    j->is_probe = is_probe;
    struct str why_not = refusal(j);
    if (why_not.len > 0) {
        metrics_add(d->metrics, METER_REFUSED, 0, 1);
        outcome_refuse(j, why_not, clock_wall_us());
        job_list_add(ended, j);
    } else if (job_is_on_hold(j)) {
        circuits_hold(d->circuits, j);
        job_list_add(ended, j);
    } else {
        job_list_add(send, j);
    }
}

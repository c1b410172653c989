/* Stands after retry and circuits, which claim rows, and before the lanes. */
#include "dispatcher/claim.h"

#include "dispatcher/circuits.h"
#include "dispatcher/match.h"
#include "dispatcher/meter.h"
#include "dispatcher/outcome.h"

#include "base/clock.h"
#include "log/log.h"

#define AGAIN_US US_PER_S /* When the webhooks could not be read. */

/* A row that knows of no trace (it was caused by no request, or is from before
 * there were any) begins one of the event's id, the same at each attempt. */
static struct trace trace_of_row(const struct delivery *row)
{
    struct trace t = row->trace;

    if (id_is_zero(t.id)) {
        t.id = row->event_id;
    }
    return trace_at(t, trace_span_of(row->event_id, TRACE_PROCESSING));
}

/* Without a set its webhook is not known. */
static struct job *job_of_row(struct dispatcher *d, const struct delivery *row,
                              struct target_set *set)
{
    enum event_type type = EVENT_VISITOR_CHECKED_IN;
    const struct body body = {
        .load = &d->load,
        .org_id = row->org_id,
        .event_id = row->event_id,
        .event_at_us = row->event_at_us,
        .is_test = row->is_test,
        .is_operational = event_type_find(row->event_type, &type) &&
                          event_is_operational(type),
        .event_type = row->event_type,
        .subject = row->subject,
        .request_id = row->request_id,
        .trace = trace_of_row(row),
        .bytes = row->body,
    };
    const struct webhook_target *target =
        set == NULL ? NULL : match_find(set->list, set->count, row->webhook_id);
    struct job *j = job_new(&d->load, true, body_new(&body), set, target);

    j->id = row->id;
    j->webhook_id = row->webhook_id;
    j->ordinal = row->ordinal;
    j->is_asked = row->is_asked;
    j->attempts = row->attempts;
    j->attempts_before = row->attempts_before;
    j->made_at_us = row->created_at_us;
    j->lease_until_us = row->due_at_us;
    j->phase = JOB_WRITTEN;
    return j;
}

/* Was it tried since somebody gave it the whole schedule, other than to see
 * whether its endpoint is back, and is it too old by now? A first attempt is
 * always made. */
static bool is_too_old(const struct dispatcher *d, const struct job *j)
{
    const struct backoff backoff = backoff_of(j->target, &d->backoff);

    return !j->is_probe && !j->body->is_test &&
           j->attempts > j->attempts_before &&
           backoff_is_too_old(&backoff, j->body->event_at_us, clock_wall_us());
}

enum refusal claim_refusal(const struct dispatcher *d, const struct job *j)
{
    if (j->target == NULL) {
        return REFUSAL_WEBHOOK_GONE;
    }
    if (j->body->is_test && j->target->is_broken) {
        return REFUSAL_SECRET_LOCKED;
    }
    if (j->body->bytes.len > d->settings.body_max) {
        return REFUSAL_TOO_LARGE;
    }
    return is_too_old(d, j) ? REFUSAL_TOO_OLD : REFUSAL_NONE;
}

void claim_refuse(struct dispatcher *d, struct job *j, enum refusal why)
{
    const struct refusal_facts facts = {.size = j->body->bytes.len,
                                        .limit = d->settings.body_max};

    metrics_add(d->metrics, METER_REFUSED, 0, 1);
    outcome_refuse(j, why, &facts, clock_wall_us());
}

/* Its lease would keep it for a minute. */
static void give_back(struct dispatcher *d, const struct delivery *row,
                      struct job_list *ended)
{
    struct job *j = job_of_row(d, row, NULL);

    metrics_add(d->metrics, METER_GIVEN_BACK, 0, 1);
    outcome_give_back(j, clock_wall_us() + AGAIN_US);
    job_list_add(ended, j);
}

static void take(struct dispatcher *d, struct job *j, struct job_list *send,
                 struct job_list *ended)
{
    enum refusal why_not = claim_refusal(d, j);

    if (why_not != REFUSAL_NONE) {
        claim_refuse(d, j, why_not);
        job_list_add(ended, j);
    } else if (job_is_on_hold(j)) {
        circuits_hold(d->circuits, j);
        job_list_add(ended, j);
    } else {
        job_list_add(send, j);
    }
}

/* NULL: they can't be read. */
static struct target_set *webhooks_of(struct dispatcher *d,
                                      const struct delivery *row, bool *is_away)
{
    struct target_set *set = NULL;
    struct err err = ERR_NONE;

    if (!*is_away && !targets_take(d->targets, row->org_id, 0, &set, &err)) {
        log_err(LOG_WARN, "retry.postponed", &err,
                LOG_FIELDS(LOG_ID("delivery", ID_DELIVERY, row->id),
                           LOG_STR("request_id", row->request_id),
                           LOG_TEXT("trace_id",
                                    trace_id_text(trace_of_row(row).id).data)));
        *is_away = err.code == ERR_UNAVAILABLE;
    }
    return set;
}

void claim_take(struct dispatcher *d, const struct delivery *row, bool *is_away,
                struct job_list *send, struct job_list *ended)
{
    struct target_set *set = webhooks_of(d, row, is_away);

    if (set == NULL) {
        give_back(d, row, ended);
    } else {
        take(d, job_of_row(d, row, set), send, ended);
    }
}

void claim_probe(struct dispatcher *d, const struct delivery *row,
                 struct job_list *send, struct job_list *ended)
{
    bool is_away = false;
    struct target_set *set = webhooks_of(d, row, &is_away);

    if (set == NULL) {
        give_back(d, row, ended);
        return;
    }
    struct job *j = job_of_row(d, row, set);
    j->is_probe = true;
    take(d, j, send, ended);
}

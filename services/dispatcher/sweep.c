/* Stands beside circuits, in its thread.
 *
 * Every dispatcher sweeps: a portion costs one step through the index of what
 * is held for each webhook in it, and whoever comes second finds nothing to do.
 */
#include "dispatcher/sweep.h"

#include "dispatcher/meter.h"
#include "store/refusal.h"

#include "base/clock.h"
#include "log/log.h"

#define SWEEP_MS 60000  /* From the end of one sweep to the next. */
#define WEBHOOKS_MAX 64 /* Looked at in one portion. */
/* Deliveries of a deleted webhook in one statement, and statements; the rest
 * at the next sweep. */
#define ENDED_MAX 1000
#define ENDINGS_MAX 20

static void say(const struct circuit_held *h, const char *what,
                const char *name, int64_t number)
{
    log_warn(what, LOG_ID("webhook", ID_WEBHOOK, h->key.webhook_id),
             LOG_ID("organization", ID_ORGANIZATION, h->key.org_id),
             LOG_INT(name, number));
}

/* Nothing will ever be sent. In portions: each locks its rows. */
static bool end_all(struct dispatcher *d, const struct circuit_held *h,
                    struct err *err)
{
    size_t ended = ENDED_MAX;
    size_t total = 0;

    for (int i = 0; i < ENDINGS_MAX && ended == ENDED_MAX; i++) {
        const struct circuit_ending how = {
            .now_us = clock_wall_us(),
            .max = ENDED_MAX,
            .why = str_of(refusal_says(REFUSAL_WEBHOOK_GONE)),
            .word = str_of(refusal_word(REFUSAL_WEBHOOK_GONE)),
        };
        if (!circuit_end_held(d->db, h->key, &how, &ended, err)) {
            return false;
        }
        total += ended;
    }
    if (total > 0) {
        say(h, "webhook.held_ended", "deliveries", (int64_t)total);
    }
    return true;
}

static bool deal_with(struct dispatcher *d, const struct circuit_held *h,
                      struct err *err)
{
    if (h->is_drained) {
        say(h, "webhook.held_found", "circuits", 0);
    }
    return !h->is_gone || end_all(d, h, err);
}

bool sweep_look(struct dispatcher *d, struct sweep *s, struct err *err)
{
    struct circuit_held held[WEBHOOKS_MAX];
    size_t count = 0;

    if (clock_steady_us() < s->next_us) {
        return true;
    }
    if (!circuit_sweep(d->db, s->after, clock_wall_us(), WEBHOOKS_MAX, held,
                       &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!deal_with(d, &held[i], err)) {
            return false;
        }
    }
    s->found += count;
    if (count == WEBHOOKS_MAX) {
        s->after = held[count - 1].key;
        return true;
    }
    metrics_set(d->metrics, METER_HELD_WEBHOOKS, 0, (int64_t)s->found);
    *s = (struct sweep){.next_us = clock_steady_us() + SWEEP_MS * US_PER_MS};
    return circuit_tidy(d->db, err);
}

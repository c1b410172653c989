/* Stands beside circuits, at the end of an endpoint that does not come back by
 * itself. */
#include "dispatcher/ending.h"

#include "dispatcher/meter.h"

#include "base/clock.h"
#include "base/rfc3339.h"
#include "log/log.h"

#include <inttypes.h>
#include <stdio.h>

#define DISABLE_FAILURES_MIN 20
#define REASON_BYTES 512
#define GONE_REASON "The endpoint answered 410 Gone."

static bool disable(struct dispatcher *d, const struct news *n,
                    struct str reason, bool *changed, struct err *err)
{
    const struct circuit_end end = {reason, news_why(n), clock_wall_us()};

    if (!circuit_disable(d->db, n->key, &end, changed, err)) {
        return false;
    }
    targets_forget(d->targets, n->key.org_id);
    if (*changed) {
        log_info("webhook.disabled",
                 LOG_ID("webhook", ID_WEBHOOK, n->key.webhook_id),
                 LOG_ID("organization", ID_ORGANIZATION, n->key.org_id),
                 LOG_STR("reason", reason));
    }
    return true;
}

/* Not by a few attempts that were far between. */
bool ending_old(struct dispatcher *d, const struct news *n, int64_t since_us,
                int64_t failures, struct err *err)
{
    const int64_t most_us = (int64_t)d->settings.disable_after_ms * US_PER_MS;
    bool changed = false;
    char since[RFC3339_LEN + 1];
    char reason[REASON_BYTES];

    if (failures < DISABLE_FAILURES_MIN ||
        clock_wall_us() - since_us < most_us) {
        return true;
    }
    rfc3339_write(since_us, since);
    (void)snprintf(reason, sizeof reason,
                   "Nothing but failures since %s, %" PRId64
                   " attempts. The last: %s",
                   since, failures, n->detail);
    if (!disable(d, n, str_of(reason), &changed, err)) {
        return false;
    }
    if (changed) {
        metrics_add(d->metrics, METER_CIRCUITS, CIRCUIT_DISABLED, 1);
    }
    return true;
}

bool ending_gone(struct dispatcher *d, const struct news *n, struct err *err)
{
    bool changed = false;

    return disable(d, n, STR(GONE_REASON), &changed, err);
}

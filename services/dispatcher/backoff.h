/* When to try again: the schedule of waits after failed attempts. Pure. */
#ifndef PORTER_DISPATCHER_BACKOFF_H
#define PORTER_DISPATCHER_BACKOFF_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "store/webhook.h"

#include <stdbool.h>
#include <stdint.h>

#define BACKOFF_WAITS_MAX WEBHOOK_WAITS_MAX
#define BACKOFF_WAIT_MAX_S WEBHOOK_WAIT_MAX_S

struct backoff {
    size_t count;
    int64_t wait_us[BACKOFF_WAITS_MAX]; /* After attempt 1, 2, … */
    int64_t max_age_us; /* Of an event that is tried again; 0: any. */
};

/* "5s,30s,2m,1h,1d" (also ms). ERR_INVALID names the part that is no wait. */
MUST_USE bool backoff_read(struct str text, struct backoff *out,
                           struct err *err);

/* What holds for this webhook: its own, or else what is configured. */
struct backoff backoff_of(const struct webhook_target *target,
                          const struct backoff *configured);

/* Is an event of that time too old to be tried again then? */
bool backoff_is_too_old(const struct backoff *b, int64_t event_at_us,
                        int64_t then_us);

/* Is there no attempt after number `attempt` (1 is the first)? */
bool backoff_is_last(const struct backoff *b, int attempt);

/* The wait after attempt number `attempt`, which is not the last; unit (0 to
 * 1) places it between 90 % and 110 % of the schedule's. */
int64_t backoff_wait_us(const struct backoff *b, int attempt, double unit);

#endif

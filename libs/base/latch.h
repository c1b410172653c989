/* A place where one thread sleeps until another tells it one number.
 *
 * Used once: the first latch_set is the answer. It is a futex word, so a latch
 * may live on the sleeper's stack: latch_set touches nothing of it but the
 * word, and the waker never looks again. What was written before latch_set is
 * seen after latch_wait. Thread-safe: one waiter, one setter. */
#ifndef PORTER_BASE_LATCH_H
#define PORTER_BASE_LATCH_H

#include "base/macros.h"

#include <stdatomic.h>
#include <stdint.h>

struct latch {
    _Atomic int32_t word;
};

#define LATCH_FOREVER INT64_MAX

void latch_init(struct latch *l);

/* Answer `value` (over zero) and wake the sleeper, if it sleeps. */
void latch_set(struct latch *l, int32_t value);

/* The value, or 0 when clock_steady_us passes `deadline_us` first. May be
 * called again after 0. */
MUST_USE int32_t latch_wait(struct latch *l, int64_t deadline_us);

#endif

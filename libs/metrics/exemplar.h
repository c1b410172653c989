/* The last recorded trace that fell into a bucket. Inside libs/metrics only.
 *
 * Thread-safe without a lock: a turn is odd while a writer is at it. Who finds
 * it odd, or is overtaken, leaves it: a writer because another trace is as good
 * an example, a reader after a few tries. So nobody waits, and what is read was
 * written as one. */
#ifndef PORTER_METRICS_EXEMPLAR_H
#define PORTER_METRICS_EXEMPLAR_H

#include "base/id.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct exemplar {
    struct id trace;
    int64_t value_us;
    int64_t at_us; /* Wall clock. */
};

struct exemplar_slot {
    _Atomic uint64_t turn; /* 0: nothing was written yet. */
    _Atomic uint64_t trace[2];
    _Atomic int64_t value_us;
    _Atomic int64_t at_us;
};

void exemplar_put(struct exemplar_slot *slot, const struct exemplar *e);

/* False: there is none, or it changes all the time. */
bool exemplar_get(struct exemplar_slot *slot, struct exemplar *out);

#endif

/* The sweep: what is held and would be forgotten.
 *
 * A circuit says what becomes of a webhook's held deliveries, but what opens it
 * can get lost (a process that ends, PostgreSQL away), and a row can be held
 * after a drain has ended. So what is held is looked through now and then: an
 * enabled webhook without a circuit drains, what is held for a deleted one
 * ends. Of one thread. */
#ifndef PORTER_DISPATCHER_SWEEP_H
#define PORTER_DISPATCHER_SWEEP_H

#include "dispatcher/dispatcher.h"

#include "store/circuit.h"

/* Zero: begins at once. */
struct sweep {
    struct webhook_key after; /* Where the look stands. */
    int64_t next_us;          /* Steady clock. */
    size_t found;             /* Webhooks, up to there. */
};

/* A portion, when it is time for one. */
MUST_USE bool sweep_look(struct dispatcher *d, struct sweep *s,
                         struct err *err);

#endif

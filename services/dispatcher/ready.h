/* May a job that waited for its turn be sent, as things are by now? */
#ifndef PORTER_DISPATCHER_READY_H
#define PORTER_DISPATCHER_READY_H

#include "dispatcher/dispatcher.h"
#include "dispatcher/job.h"
#include "store/refusal.h"

enum ready {
    READY_TO_SEND,
    READY_LATER, /* By whoever claims its row: no time, or too little known. */
    READY_NEVER, /* *why says it. */
    READY_HELD,
};

/* Leases that end until then (wall clock) have no time for an attempt. */
int64_t ready_lease_us(const struct dispatcher *d);

/* Gives the job its webhook as it is by now. Asks nobody. */
MUST_USE enum ready ready_look(struct dispatcher *d, struct job *j,
                               enum refusal *why);

/* Has it another URL by now? Then what it answers says nothing about it. */
bool ready_has_moved(struct dispatcher *d, const struct job *j);

#endif

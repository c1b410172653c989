/* Circuits: endpoints that only fail are given a rest, tried now and then, and
 * get what was held for them when they are back.
 *
 * Workers tell what they see; one thread writes it down, sends probes, drains
 * what is held, and disables what has failed for too long. Thread-safe. */
#ifndef PORTER_DISPATCHER_CIRCUITS_H
#define PORTER_DISPATCHER_CIRCUITS_H

#include "dispatcher/dispatcher.h"
#include "dispatcher/job.h"

/* From here on it may be told things; it works from circuits_start on. */
struct circuits *circuits_new(struct dispatcher *d);
MUST_USE bool circuits_start(struct circuits *c, struct err *err);
void circuits_stop(struct circuits *c); /* Waits. NULL ok. */
/* Once more what was told since it stopped, by what was being sent. NULL ok. */
void circuits_flush(struct circuits *c);
void circuits_close(struct circuits *c); /* NULL ok. */

/* The job ends here: its webhook gets nothing for now. */
void circuits_hold(struct circuits *c, struct job *j);

/* The endpoint of this job's webhook has failed so often that it is to have a
 * rest. */
void circuits_fell(struct circuits *c, const struct job *j, unsigned failures);

/* One failed again. A breaker knows the attempts of its own process since that
 * began: were there ten in a row in all? */
void circuits_doubt(struct circuits *c, const struct job *j);

/* It answered that it is gone for good (410), and that is written down: its
 * webhook is to be disabled. */
void circuits_gone(struct circuits *c, const struct job *j);

/* An attempt while the circuit is open has ended: is it well again? */
void circuits_tried(struct circuits *c, const struct job *j);

#endif

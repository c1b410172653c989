/* The recorder: outcomes of rows that are there already, in batches; and what
 * an outcome means beyond its row.
 *
 * One thread of its own. The queue is bounded by the number of jobs there can
 * be (PORTER_IN_FLIGHT_MAX). Every function is thread-safe. */
#ifndef PORTER_DISPATCHER_RECORD_H
#define PORTER_DISPATCHER_RECORD_H

#include "dispatcher/dispatcher.h"
#include "dispatcher/job.h"

MUST_USE bool record_open(struct dispatcher *d, struct record_desk **out,
                          struct err *err);
void record_close(struct record_desk *r); /* Drops what is left; NULL ok. */

/* Write these outcomes soon. Takes the jobs over; the list is emptied. */
void record_put(struct record_desk *r, struct job_list *jobs);

/* These outcomes are durable: tell retry, the log (of what has failed for good)
 * and circuits (of endpoints that are gone), free the jobs. */
void record_ended(struct record_desk *r, struct job_list *jobs);

/* When does the first lease end (wall clock) of the rows whose outcomes are not
 * written yet? From then on anybody may take them for unsent. INT64_MAX: all
 * are. */
int64_t record_lease_us(struct record_desk *r);

/* Wait until nothing is queued, at most wait_ms; false when something is. */
MUST_USE bool record_flush(struct record_desk *r, unsigned wait_ms);

#endif

/* The workers: event-loop threads that send. Each owns a libs/fetch, its
 * lanes, and the jobs in them; an endpoint belongs to one worker (by its
 * webhook's id), so its connections are reused and its lane needs no lock. */
#ifndef PORTER_DISPATCHER_WORKER_H
#define PORTER_DISPATCHER_WORKER_H

#include "dispatcher/dispatcher.h"
#include "dispatcher/job.h"

/* Descriptors of one: its connections, used and idle, and look-ups of names. */
#define WORKER_DESCRIPTORS 1024

MUST_USE bool workers_open(struct dispatcher *d, struct workers **out,
                           struct err *err);

/* Hand jobs over; what finds no room in its lane is given back as due. The
 * list is emptied. Thread-safe. The inboxes are bounded by the number of jobs
 * there can be (PORTER_IN_FLIGHT_MAX). */
void workers_put(struct workers *ws, struct job_list *jobs);

/* Webhooks whose lanes are full, at most max; how many. Thread-safe. */
size_t workers_full(struct workers *ws, struct webhook_key *out, size_t max);

/* Is there a worker that will have room in a moment (struct lane_counts), or
 * has not yet looked at what it was given? Thread-safe, no lock. */
bool workers_are_busy(struct workers *ws);

/* Begin nothing new, give back what waits, end what is under way (within the
 * attempt's time-out). Then every job has reached the ledger. */
void workers_drain(struct workers *ws);
void workers_close(struct workers *ws); /* After the drain; NULL ok. */

#endif

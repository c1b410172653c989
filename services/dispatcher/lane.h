/* Lanes: one per endpoint, with a bounded queue and a window.
 *
 * The only place that decides what is sent next. One worker thread owns a
 * struct lanes and every job in it; not thread-safe. No I/O, no clock. */
#ifndef PORTER_DISPATCHER_LANE_H
#define PORTER_DISPATCHER_LANE_H

#include "dispatcher/job.h"

#define LANES_IDLE_MAX 4096      /* Idle lanes remembered (their pace). */
#define LANE_PATIENCE_US 1000000 /* See lane_capacity in lane.c. */
#define LANE_SWIFT_US 100000     /* See lane_review in lane.c. */
#define LANE_BUSY_TURNS 4

struct lanes_options {
    size_t window;    /* Attempts under way per lane. */
    size_t queue_max; /* Jobs that wait in a lane. */
    size_t quick_max; /* The same, in a lane that answers quickly. */
};

struct lanes;

struct lanes *lanes_new(const struct lanes_options *opts);
void lanes_free(struct lanes *l); /* Accepts NULL; must hold no jobs. */

/* Put the job into its webhook's lane; false when it has no room. The lane is
 * then full until half of its queue is gone. */
MUST_USE bool lanes_offer(struct lanes *l, struct job *j);

/* The next job that may start now, lanes taking turns; NULL: none. */
struct job *lanes_next(struct lanes *l);

/* An attempt that lanes_next began has ended. */
void lanes_done(struct lanes *l, struct id webhook_id, int64_t took_us,
                bool is_success);

/* What lanes_next gave was not sent after all: nothing was learnt about the
 * endpoint. */
void lanes_cancel(struct lanes *l, struct id webhook_id);

/* Take everything that waits (at shutdown). */
void lanes_empty(struct lanes *l, struct job_list *out);

size_t lanes_queued(const struct lanes *l);

/* Full lanes into out, at most max; how many. */
size_t lanes_full(const struct lanes *l, struct id *out, size_t max);
/* Grows whenever a lane becomes full or stops being so. */
uint64_t lanes_full_changes(const struct lanes *l);

/* Lanes that will have room in a moment: their endpoint answers swiftly (or is
 * yet to answer for the first time) and LANE_BUSY_TURNS windows of jobs wait.
 * Who brings new work does well to wait for them, but for a bounded time. */
size_t lanes_busy(const struct lanes *l);

#endif

/* Lanes: one per endpoint, with a bounded queue and a window that grows with
 * what the endpoint bears.
 *
 * The only place that decides what is sent next. One worker thread owns a
 * struct lanes and every job in it; not thread-safe. No I/O, no clock. */
#ifndef PORTER_DISPATCHER_LANE_H
#define PORTER_DISPATCHER_LANE_H

#include "dispatcher/job.h"
#include "dispatcher/window.h"

/* Idle lanes that are remembered (their pace, window and failures), those used
 * last; and as many more of those that have failed lately. */
#define LANES_IDLE_MAX 16384
#define LANE_PATIENCE_US 1000000 /* See lane_capacity in lane.c. */
#define LANE_SWIFT_US 100000     /* See lane_review in lane.c. */
#define LANE_BUSY_TURNS 4
#define LANE_OPEN_US 5000000  /* See lanes_offer. */
#define LANE_STILL_US 1000000 /* See lane_class in lane.c. */
#define LANE_DOUBT 3          /* See lanes_in_doubt. */
#define LANE_SLOW_MAX 8       /* See lane_capacity in lane.c. */
#define LANE_ASKED_MAX 8      /* See lanes_offer. */

struct lanes_options {
    size_t slots;     /* Attempts under way in all. */
    size_t window;    /* Of these per lane, at most. */
    size_t queue_max; /* Jobs that wait in a lane. */
    size_t quick_max; /* The same, in a lane that answers quickly. */
    size_t room;      /* The same in all lanes; half of it is for the quick. */
};

struct lanes;

struct lanes *lanes_new(const struct lanes_options *opts);
void lanes_free(struct lanes *l); /* Accepts NULL; must hold no jobs. */

enum lane_answer {
    LANE_TAKEN,
    LANE_FULL, /* No room. */
    LANE_OPEN, /* The endpoint only fails: hold it. */
};

/* Put the job into its webhook's lane, if it will. A lane whose breaker opened
 * takes nothing but probes and samples for LANE_OPEN_US, or until something
 * succeeds: by then it is written down, and jobs come with a target that says
 * so (is_open). What somebody asked for is the next to go, behind others like
 * it, however much waits: LANE_ASKED_MAX of them have a place, and need no
 * room. */
MUST_USE enum lane_answer lanes_offer(struct lanes *l, struct job *j,
                                      int64_t now_us);

/* The next job that may start now, organizations and their lanes taking turns
 * (turns.h); NULL: none. */
struct job *lanes_next(struct lanes *l, int64_t now_us);

/* An attempt that lanes_next began has ended. How many failures speak for it
 * that the endpoint is given a rest now; 0: it need not be. */
struct lane_end {
    struct id webhook_id;
    int64_t took_us;
    int64_t now_us;
    bool is_success;
    bool is_too_much; /* Time-out, 429 or 503: it gets less at once. */
    bool is_known;    /* The circuit is open already. */
    bool is_gone;     /* 410: its webhook is about to be disabled. */
};
MUST_USE unsigned lanes_done(struct lanes *l, const struct lane_end *end);

/* Has every so many attempts in a row failed (LANE_DOUBT)? To be asked after
 * lanes_done: other processes may know of more. */
bool lanes_in_doubt(struct lanes *l, struct id webhook_id);

/* Take everything that waits in one lane, but probes and samples. */
void lanes_clear(struct lanes *l, struct id webhook_id, struct job_list *out);

/* What lanes_next gave was not sent after all: nothing was learnt about the
 * endpoint. */
void lanes_cancel(struct lanes *l, struct id webhook_id);

/* To be called now and then, for what shows by nothing that happens: find out
 * which lanes say nothing; take what waits and has a lease that ends until then
 * (wall clock), and what is more than a lane may hold whose endpoint has become
 * slow. */
void lanes_sweep(struct lanes *l, int64_t now_us, int64_t until_us,
                 struct job_list *out);

/* Take everything that waits (at shutdown). */
void lanes_empty(struct lanes *l, struct job_list *out);

struct lane_counts {
    size_t lanes;  /* Also idle ones. */
    size_t slow;   /* Of them, as of the last sweep. */
    size_t queued; /* Jobs that wait in them. */
    /* Lanes that will have room in a moment: their endpoint answers swiftly (or
     * is yet to answer for the first time) and LANE_BUSY_TURNS windows of jobs
     * wait. Who brings new work does well to wait for them, but for a bounded
     * time. */
    size_t busy;
    size_t active; /* Attempts under way. */
    struct windows windows;
};
struct lane_counts lanes_counts(const struct lanes *l);

/* Full lanes into out, at most max; how many. One is full from the job that
 * took the last room until half of its queue is gone. */
size_t lanes_full(const struct lanes *l, struct webhook_key *out, size_t max);
/* Grows whenever a lane becomes full or stops being so. */
uint64_t lanes_full_changes(const struct lanes *l);

#endif

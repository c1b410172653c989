/* What travels the road: one delivery of one event to one webhook.
 *
 * A job is made by intake (first attempt) or retry (claimed row), waits in a
 * lane, is sent by a worker, and is freed by ledger or record once its outcome
 * is durable. At every moment one thread owns it, but for the fields marked
 * "ledger's", which ledger.c guards with its lock. */
#ifndef PORTER_DISPATCHER_JOB_H
#define PORTER_DISPATCHER_JOB_H

#include "dispatcher/load.h"
#include "dispatcher/targets.h"
#include "dispatcher/verdict.h"

#include "base/buf.h"
#include "base/id.h"
#include "base/traceparent.h"
#include "store/delivery.h"

#include <stdatomic.h>

/* An event as it is sent: rendered once, shared by its deliveries. Immutable
 * after body_new; the references are counted, thread-safe. */
struct body {
    _Atomic unsigned references;
    struct load *load; /* That it counts in; NULL: in none. */
    struct id org_id;
    struct id event_id;
    int64_t event_at_us;
    bool is_test;
    bool is_operational; /* About a webhook; see event_is_operational. */
    struct str event_type;
    struct str subject;
    struct trace trace;    /* Its span is the cause of every attempt. */
    struct str request_id; /* STR_NONE: none */
    struct str bytes;      /* The exact bytes sent, signed and stored. */
};

/* A copy with one reference, the caller's. */
struct body *body_new(const struct body *from);
struct body *body_hold(struct body *b);
void body_release(struct body *b); /* Accepts NULL. */

/* How a job's time with us ended. */
enum ending {
    ENDING_NONE,     /* Not yet. */
    ENDING_ATTEMPT,  /* There was an attempt; see verdict. */
    ENDING_GIVEBACK, /* No room, or no time: due at once for anybody. */
    ENDING_REFUSED,  /* Can't be sent at all (webhook gone). */
    ENDING_HOLD,     /* Its webhook gets nothing for now. */
};

struct outcome {
    enum ending ending;
    enum verdict verdict;
    struct attempt attempt; /* ENDING_ATTEMPT; its texts point into `notes`. */
    struct str error;       /* In `notes`; STR_NONE after success. */
    struct str failure;     /* A word of a table; STR_NONE: none */
    int64_t at_us;
    int64_t due_at_us;     /* DB_TIME_NULL unless it is to be tried again. */
    int64_t not_before_us; /* Retry-After; DB_TIME_NULL: none. */
    bool is_held;          /* Until its webhook gets something again. */
    struct buf notes;
};

/* Ledger's: how far the row is. */
enum job_phase {
    JOB_FRESH,   /* No row yet. */
    JOB_WRITING, /* The insert is under way. */
    JOB_WRITTEN, /* The row is there: outcomes go to record. */
};

struct batch;

struct job {
    struct job *next; /* In the queue of whoever owns it. */
    struct load *load;
    bool is_claimed;
    bool is_probe; /* Sent though the circuit is open, to see. */
    bool is_asked; /* Somebody waits for what comes of it. */
    struct body *body;
    struct target_set *set;              /* Keeps target alive. */
    const struct webhook_target *target; /* NULL only when ENDING_REFUSED. */
    struct id id;
    struct id webhook_id;
    int64_t ordinal;     /* See struct delivery. */
    int attempts;        /* Made before this one. */
    int attempts_before; /* Of those: before the schedule began anew. */
    int64_t made_at_us;
    int64_t lease_until_us; /* Nothing is begun that could outlast it. */
    enum job_phase phase;   /* Ledger's. */
    bool is_finished;       /* Ledger's: outcome is filled. */
    struct batch *batch;    /* Ledger's; NULL when claimed. */
    struct outcome outcome; /* The owner's until it is finished. */
};

/* Takes one reference of body and set. */
struct job *job_new(struct load *load, bool is_claimed, struct body *body,
                    struct target_set *set,
                    const struct webhook_target *target);
void job_free(struct job *j); /* Accepts NULL. */

/* The job's row as the outcome leaves it, or leased and pending when it is not
 * finished. Borrows from the job. */
struct delivery job_row(const struct job *j, bool is_finished);

/* Does its webhook get nothing for now? */
bool job_is_on_hold(const struct job *j);

/* A probe or a sample: it passes where the endpoint only fails. */
bool job_is_question(const struct job *j);

/* Bytes that its organization pays for with turns; 0 of an evacuation, whose
 * rosters are the largest events and the most urgent. */
size_t job_pays_for(const struct job *j);

/* Has it ended, and not with a delivery? */
bool job_has_failed(const struct job *j);

/* A first-in first-out list through `next`. */
struct job_list {
    struct job *first;
    struct job *last;
    size_t count;
};
void job_list_add(struct job_list *l, struct job *j);
struct job *job_list_take(struct job_list *l); /* NULL when empty. */
/* Behind those at its front that somebody asked for, at most max of them; false
 * when there are as many. */
MUST_USE bool job_list_add_asked(struct job_list *l, struct job *j, size_t max);
void job_list_join(struct job_list *l, struct job_list *tail); /* Empties it. */

#endif

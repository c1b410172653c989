/* A batch of the ledger as the statement wants it.
 *
 * The ledger's thread owns it; making and filling one reads jobs, with the
 * ledger's lock. */
#ifndef PORTER_DISPATCHER_DRAFT_H
#define PORTER_DISPATCHER_DRAFT_H

#include "dispatcher/dispatcher.h"
#include "dispatcher/job.h"

/* is_final[i] is the state of job i when it was filled last, whatever the job
 * becomes meanwhile. */
struct draft {
    struct delivery *rows;
    struct attempt *attempts;
    size_t attempt_count;
    bool *is_final;
    bool *was_open; /* An earlier try may have written it unfinished. */
    bool *is_new;
    /* So many are there: the next try goes on behind them. */
    size_t written;
    size_t attempts_written;
};

/* The jobs are being written from here on. */
void draft_make(struct draft *dr, struct job *const *jobs, size_t count);
/* What is not there yet, once more, as the jobs are by now. */
void draft_fill(struct draft *dr, struct job *const *jobs, size_t count);
void draft_done(struct draft *dr);

/* Write all of it, or go on with that. What PostgreSQL refuses for good is
 * logged, counted and left out. */
MUST_USE bool draft_write(struct dispatcher *d, struct draft *dr, size_t count,
                          struct err *err);

#endif

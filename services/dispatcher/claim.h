/* A claimed row becomes a job and joins the road, or ends here. Thread-safe. */
#ifndef PORTER_DISPATCHER_CLAIM_H
#define PORTER_DISPATCHER_CLAIM_H

#include "dispatcher/dispatcher.h"
#include "dispatcher/job.h"
#include "store/refusal.h"

/* Into `send`, or with its outcome into `ended`: its webhook is gone, or gets
 * nothing for now, or can't be read. That is said, and it is given back, due a
 * little later; *is_away tells when PostgreSQL is away: who is asked next then
 * waits in vain as well, and while it is true nobody is asked. */
void claim_take(struct dispatcher *d, const struct delivery *row, bool *is_away,
                struct job_list *send, struct job_list *ended);

/* The same for one that is to show whether its endpoint is back. */
void claim_probe(struct dispatcher *d, const struct delivery *row,
                 struct job_list *send, struct job_list *ended);

/* The job ends without an attempt. */
void claim_refuse(struct dispatcher *d, struct job *j, enum refusal why);

/* Why it will never be sent. */
enum refusal claim_refusal(const struct dispatcher *d, const struct job *j);

#endif

/* How a job's time with us ended, as its row and attempt will tell it. Pure.
 * Each fills j->outcome, once. */
#ifndef PORTER_DISPATCHER_OUTCOME_H
#define PORTER_DISPATCHER_OUTCOME_H

#include "dispatcher/backoff.h"
#include "dispatcher/job.h"
#include "store/refusal.h"
#include "dispatcher/request.h"

#include "fetch/fetch.h"
#include "store/circuit.h"

/* There was an answer (or a failure instead of one) to these lines. */
void outcome_answer(struct job *j, const struct fetch_answer *answer,
                    const struct request_lines *lines,
                    const struct backoff *configured, int64_t started_us,
                    int64_t now_us);

/* No attempt: due at once, for whoever has room. */
void outcome_give_back(struct job *j, int64_t now_us);

/* No attempt: it waits until its webhook gets something again. */
void outcome_hold(struct job *j, int64_t now_us);

/* No attempt, and none would help: failed for this reason. */
void outcome_refuse(struct job *j, enum refusal why,
                    const struct refusal_facts *facts, int64_t now_us);

/* What it says of the endpoint; borrowed from the job. */
struct circuit_why outcome_why(const struct job *j);

#endif

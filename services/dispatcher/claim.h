/* A claimed row becomes a job and joins the road, or ends here. Thread-safe. */
#ifndef PORTER_DISPATCHER_CLAIM_H
#define PORTER_DISPATCHER_CLAIM_H

#include "dispatcher/dispatcher.h"
#include "dispatcher/job.h"

/* Into `send`, or with its outcome into `ended`: its webhook is gone, or gets
 * nothing for now. When the webhooks can't be read it is left to its lease,
 * and is claimed again. */
void claim_take(struct dispatcher *d, const struct delivery *row, bool is_probe,
                struct job_list *send, struct job_list *ended);

#endif

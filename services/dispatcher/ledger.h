/* The late ledger: delivery rows, written in batches shortly after the sends
 * they describe have begun.
 *
 * A batch is what intake took in one window. When it is written, deliveries
 * that have ended by then go in in their final state with their attempt; the
 * others as pending rows, leased to us. Only then may Kafka's offset move: a
 * crash before means that the records are consumed again (duplicates with the
 * same delivery id), never that one is lost. One thread of its own; every
 * function is thread-safe. */
#ifndef PORTER_DISPATCHER_LEDGER_H
#define PORTER_DISPATCHER_LEDGER_H

#include "dispatcher/dispatcher.h"
#include "dispatcher/job.h"

#include "bus/record.h"

MUST_USE bool ledger_open(struct dispatcher *d, struct ledger **out,
                          struct err *err);
void ledger_close(struct ledger *l); /* Drops what is not written; NULL ok. */

/* Put a record's deliveries (maybe none) into the open batch, in the order of
 * offsets. Call before the jobs go anywhere else. */
void ledger_add(struct ledger *l, const struct record_place *place,
                struct job *const *jobs, size_t count);

/* These jobs have their outcome. Takes them over. */
void ledger_finish(struct ledger *l, struct job_list *jobs);

/* Places whose rows are durable since the last call, oldest first, at most
 * max; how many. */
size_t ledger_durable(struct ledger *l, struct record_place *out, size_t max);

/* When does the first lease end (wall clock) of the rows that are being
 * written? INT64_MAX: none are. */
int64_t ledger_lease_us(struct ledger *l);

/* Write everything now and wait for it, at most wait_ms. False when not all
 * of it is durable. */
MUST_USE bool ledger_flush(struct ledger *l, unsigned wait_ms);

#endif

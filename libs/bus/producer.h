/* Kafka, the sending side: an idempotent producer with acks=all.
 *
 * One batch at a time: producer_send hands over records and waits until each
 * has the broker's answer or the deadline is over. Not thread-safe (librdkafka
 * has its own threads behind it); the relay owns one. */
#ifndef PORTER_BUS_PRODUCER_H
#define PORTER_BUS_PRODUCER_H

#include "bus/record.h"

#include "base/err.h"
#include "base/macros.h"

struct producer;

struct producer_options {
    const struct bus_options *bus;
    unsigned message_timeout_ms; /* A record's whole life in the queue. */
    size_t queue_max;            /* Records. */
};

MUST_USE bool producer_open(const struct producer_options *opts,
                            struct producer **out, struct err *err);

/* Purges what is queued. Accepts NULL. */
void producer_close(struct producer *p);

/* Send all; acked[i] says whether record i is on the broker (always written).
 *
 * True when the batch is finished, maybe with unacked records. These may or
 * may not be there, and nothing of them is still under way on our side: the
 * queue is purged and the producer is made anew, so that what is sent next
 * can't be overtaken. (What already lies in a hung broker's socket may still
 * be appended there: a duplicate that its id tells.) A record is never acked
 * when one before it in its partition is not.
 *
 * False: ERR_TOO_LARGE and ERR_INVALID are what sending again can't cure and
 * name the record in *bad; those before it may be acked. ERR_UNAVAILABLE: no
 * producer could be made. */
MUST_USE bool producer_send(struct producer *p, const struct record *records,
                            size_t count, unsigned wait_ms, bool *acked,
                            size_t *bad, struct err *err);

/* Why the last batch has unacked records, for a log line; "" when it has
 * none. Valid until the next send. */
const char *producer_trouble(const struct producer *p);

#endif

/* Kafka, the sending side: an idempotent producer with acks=all.
 *
 * Two ways in, never mixed: producer_put and producer_poll keep records under
 * way while the caller does other things; producer_send hands over a batch and
 * waits, and can find the one record in it that Kafka will never take. Not
 * thread-safe (librdkafka has its own threads behind it); the relay owns one.
 */
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

/* Where a record under way gets its answer. */
struct producer_slot {
    bool is_done;
    int code;        /* librdkafka's; 0: the broker has it. */
    int64_t took_us; /* From its hand-over, when the broker has it. */
};

/* Hand one record over; its bytes and the slot are borrowed until the slot is
 * done. False: it was not taken (the slot says why and is done). */
MUST_USE bool producer_put(struct producer *p, const struct record *record,
                           struct producer_slot *slot);

/* Fill the slots of what has come back, waiting at most wait_ms for the first.
 * False once a record was not acked: call producer_drop. */
MUST_USE bool producer_poll(struct producer *p, unsigned wait_ms);

size_t producer_under_way(const struct producer *p);

/* Purge what is under way: no slot is touched afterwards (one that is not done
 * by then may or may not be on the broker), and what is sent next can't be
 * overtaken by it (see producer_send). */
void producer_drop(struct producer *p);

/* Ring this eventfd when something has come back. */
void producer_ring(struct producer *p, int fd);

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

/* Why records were not acked, for a log line; "" when all were. Valid until the
 * next send. */
const char *producer_trouble(const struct producer *p);

#endif

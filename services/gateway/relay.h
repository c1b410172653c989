/* Road step 8: outbox rows -> Kafka records -> rows gone. One thread.
 *
 * It owns a fair share of the shards by session advisory locks, is woken by
 * this process's commits (relay_wake) and by other gateways' NOTIFY, sends
 * each subject's rows in order with an idempotent producer and acks=all, and
 * deletes them once the broker has answered. A row that is its subject's first
 * need not be read: its handler hands it over (relay_hand).
 * A dead relay's locks are gone with its connection; others take its shards
 * within RELAY_SHARE_MS. */
#ifndef PORTER_GATEWAY_RELAY_H
#define PORTER_GATEWAY_RELAY_H

#include "base/err.h"
#include "base/macros.h"
#include "bus/record.h"
#include "db/db.h"
#include "store/outbox.h"

#include <stdbool.h>
#include <stdint.h>

#define RELAY_SHARE_MS 1000 /* How often shards are shared out anew. */
#define RELAY_BATCH_MAX 1000

struct relay;
struct tracer;
struct gateway_metrics;

struct relay_options {
    const struct db_options *db;
    const struct bus_options *bus;
    unsigned rest_ms;      /* Longest sleep with nothing to do. */
    struct tracer *tracer; /* NULL: off */
    struct gateway_metrics *metrics;
};

/* Starts the thread; it meets absent neighbours by trying again. */
MUST_USE bool relay_open(const struct relay_options *opts, struct relay **out,
                         struct err *err);

/* Finishes the batch under way, gives the shards back, ends the thread. */
void relay_close(struct relay *r); /* Accepts NULL. */

/* A commit has put a row into this shard. Thread-safe, never blocks. NULL: no
 * relay in this process, and whoever moves the rows looks for himself. */
void relay_wake(struct relay *r, unsigned shard);

/* A commit has put this row, the first of its subject, into the outbox; its
 * statement was begun at began_us (steady). The row is copied. Thread-safe,
 * waits for nobody but for a copy under way. NULL: as relay_wake. */
void relay_hand(struct relay *r, const struct outbox_row *row,
                int64_t began_us);

/* The shards (bits) of this relay right now: a new subject that is put into
 * one of them has the short way. NULL: none. Thread-safe. */
unsigned relay_owned(struct relay *r);

struct relay_stats {
    unsigned shards_owned;
    uint64_t produced, batches, failures;
    uint64_t set_aside;   /* records that Kafka will never take */
    int64_t last_send_us; /* how long the last batch took to be acked */
    bool kafka_is_up;
};

/* NULL: nothing was done, and Kafka is no neighbour of this process, so it is
 * not missed. */
struct relay_stats relay_stats(struct relay *r);

#endif

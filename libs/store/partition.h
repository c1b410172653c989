/* The day partitions of events, deliveries and attempts. */
#ifndef PORTER_STORE_PARTITION_H
#define PORTER_STORE_PARTITION_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "db/db.h"
#include "store/webhook.h"

#include <stdint.h>

#define PARTITION_DAYS 8 /* Today and a week. */

/* Partitions from yesterday on, `days` ahead. A day of which the default holds
 * rows gets none. */
MUST_USE bool partitions_ensure(struct db *db, int64_t now_us, int days,
                                struct err *err);

/* Days of a table that ended before so long are dropped; 0: none ever. */
struct retention {
    int64_t events_ms;
    int64_t deliveries_ms;
    int64_t attempts_ms;
};

/* Held deliveries of a webhook that go with their days. */
struct partition_lost {
    struct webhook_key key;
    int64_t deliveries;
};

/* Told of each partition that was dropped, and before, of the webhooks with
 * deliveries that are lost by it (PARTITION_LOST_MAX of them). */
#define PARTITION_LOST_MAX 100
struct partition_listener {
    void (*dropped)(void *user, struct str name);
    void (*lost)(void *user, const struct partition_lost *lost);
    void *user;
};

/* Drop what is older than that, the oldest first, a transaction each. A table
 * in use by a long transaction, and a day with deliveries that are to be sent,
 * is left for the next time. */
MUST_USE bool partitions_drop_old(struct db *db, const struct retention *keep,
                                  int64_t now_us,
                                  const struct partition_listener *tell,
                                  struct err *err);

/* More of a day stay in the default: nobody reads or writes the table while
 * they are moved. */
#define PARTITION_MOVE_MAX 10000

/* Told of each day that stays in a default, and why. */
typedef void partition_held_fn(void *user, const struct err *why);

/* Give the rows that lie in the defaults partitions of their days, one day and
 * transaction after the other. A day that stays is no failure. */
MUST_USE bool partitions_empty_defaults(struct db *db, partition_held_fn *held,
                                        void *user, struct err *err);

/* Only tell of them. */
MUST_USE bool partitions_held(struct db *db, partition_held_fn *held,
                              void *user, struct err *err);

#endif

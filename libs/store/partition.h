/* The day partitions of events, deliveries and attempts. */
#ifndef PORTER_STORE_PARTITION_H
#define PORTER_STORE_PARTITION_H

#include "base/err.h"
#include "base/macros.h"
#include "db/db.h"

#include <stdint.h>

#define PARTITION_DAYS 8 /* Today and a week. */

/* Partitions from yesterday on, `days` ahead. A day of which the default holds
 * rows gets none. */
MUST_USE bool partitions_ensure(struct db *db, int64_t now_us, int days,
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

#endif

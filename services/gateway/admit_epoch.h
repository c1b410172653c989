/* The epoch of key caches, read from PostgreSQL again and again by one thread.
 *
 * Whoever does not know a recent epoch must not believe the cache: a revoke
 * that could not reach Redis waits KEY_EPOCH_TRUST_MS for that. Thread-safe. */
#ifndef PORTER_GATEWAY_ADMIT_EPOCH_H
#define PORTER_GATEWAY_ADMIT_EPOCH_H

#include "base/err.h"
#include "base/macros.h"
#include "db/db.h"

#define EPOCH_PERIOD_MS 500

struct epoch;

/* Starts the thread. */
MUST_USE bool epoch_open(struct db *db, struct epoch **out, struct err *err);
void epoch_close(struct epoch *e); /* Accepts NULL. */

/* The epoch; false: none that was read within KEY_EPOCH_TRUST_MS. */
MUST_USE bool epoch_get(struct epoch *e, int64_t *out);

#endif

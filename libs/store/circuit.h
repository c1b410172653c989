/* Circuits: webhooks whose endpoint only fails (open: nothing but probes is
 * sent), and those that get what was held for them (draining). A webhook
 * without a row is well, or disabled.
 *
 * Shared by all dispatchers: a probe, and a portion to drain, is one's alone
 * (FOR UPDATE SKIP LOCKED). What opens or closes is announced on
 * WEBHOOK_CHANNEL. */
#ifndef PORTER_STORE_CIRCUIT_H
#define PORTER_STORE_CIRCUIT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "db/db.h"
#include "store/delivery.h"

/* Between two probes: the first wait, doubled up to the longest. */
struct circuit_waits {
    int64_t first_ms;
    int64_t max_ms;
};

struct circuit_key {
    struct id org_id;
    struct id webhook_id;
};

/* Nothing happens when it is open already, or the webhook is disabled. */
MUST_USE bool circuit_open(struct db *db, struct circuit_key key, int failures,
                           struct circuit_waits waits, int64_t now_us,
                           struct err *err);

/* Those to be probed now, at most max into out (room for max); each one's next
 * probe is set already. */
MUST_USE bool circuit_probe(struct db *db, struct circuit_waits waits,
                            int64_t now_us, size_t max, struct circuit_key *out,
                            size_t *count, struct err *err);

/* The oldest delivery that is held for it, leased: what a probe sends. *count
 * is 0 when none is. */
MUST_USE bool circuit_claim(struct db *db, struct circuit_key key,
                            int64_t lease_until_us, struct arena *arena,
                            struct delivery **row, size_t *count,
                            struct err *err);

/* It failed again: since when it does nothing else, and how often. *failures
 * is 0 when it is not open any more. */
MUST_USE bool circuit_failed(struct db *db, struct circuit_key key,
                             int64_t *since_us, int64_t *failures,
                             struct err *err);

/* It answered well: what is held goes out. Nothing happens unless it is open.
 */
MUST_USE bool circuit_close(struct db *db, struct circuit_key key,
                            int64_t now_us, struct err *err);

/* Make the next portion of one that drains due: `max` deliveries, the oldest
 * first, apart_us between them. One that has nothing left is well again, but
 * not before settle_us have gone by since it closed: until then somebody may
 * still hold events for it. *found is false when none drains now. */
struct circuit_drain {
    int64_t now_us;
    size_t max;
    int64_t apart_us;
    int64_t settle_us;
};
MUST_USE bool circuit_drain(struct db *db, const struct circuit_drain *how,
                            bool *found, size_t *released, struct err *err);

#endif

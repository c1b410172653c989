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

/* --- changes: each is one transaction with the event that tells of it; of two
 * who find the same thing one makes the change and the event. *changed is
 * false when there was nothing to change. */

/* What the last attempt said. Of a webhook that was changed since it was read
 * for that it says nothing: it does not open or disable that. */
struct circuit_why {
    int status;         /* 0: no answer */
    struct str failure; /* A word; STR_NONE: there was an answer */
    struct str detail;
    int64_t not_before_us; /* Retry-After; DB_TIME_NULL: none */
    int64_t seen_us;       /* Its updated_at then; DB_TIME_NULL: no attempt. */
};

/* Nothing happens when it is open already, or the webhook is disabled. It fails
 * since now, or since the failures began that were never followed by a success:
 * it may have closed meanwhile because nothing was held. */
struct circuit_fall {
    int failures;
    int64_t since_us; /* Looked back for those. */
    struct circuit_waits waits;
    struct circuit_why why;
    int64_t now_us;
};
struct circuit_fallen {
    bool changed;
    int64_t since_us; /* Nothing but failures since then, so many. */
    int64_t failures;
};
MUST_USE bool circuit_open(struct db *db, struct webhook_key key,
                           const struct circuit_fall *fall,
                           struct circuit_fallen *out, struct err *err);

/* How many attempts to it have failed since an hour with a success, by all
 * dispatchers, from since_us on: what a breaker, which knows those of its own
 * process alone, would count. Not more than that. */
MUST_USE bool circuit_doubt(struct db *db, struct webhook_key key,
                            int64_t since_us, int64_t *failures,
                            struct err *err);

/* How many there are of each, of all organizations. */
struct circuit_counts {
    int64_t open, draining;
};
MUST_USE bool circuit_count(struct db *db, struct circuit_counts *out,
                            struct err *err);

/* It gets events again, and what is held goes out. Nothing happens unless it
 * is open. Only when it answers well is forgotten since when it failed. */
struct circuit_rise {
    struct circuit_why why;
    bool answers;
    int64_t now_us;
};
MUST_USE bool circuit_close(struct db *db, struct webhook_key key,
                            const struct circuit_rise *rise, bool *changed,
                            struct err *err);

/* Stop sending to the webhook (410, or five days of failure); `reason` is what
 * it says of itself. Nothing happens when it is disabled already, or was
 * changed since the attempt began; if it is enabled then, what is held for it
 * goes out. */
struct circuit_end {
    struct str reason;
    struct circuit_why why;
    int64_t now_us;
};
MUST_USE bool circuit_disable(struct db *db, struct webhook_key key,
                              const struct circuit_end *end, bool *changed,
                              struct err *err);

/* --- probes and drains ----------------------------------------------------
 */

/* Those to be probed now, at most max into out (room for max); each one's next
 * probe is set already. */
MUST_USE bool circuit_probe(struct db *db, struct circuit_waits waits,
                            int64_t now_us, size_t max, struct webhook_key *out,
                            size_t *count, struct err *err);

/* A delivery that is held for it and not too old, leased: what a probe sends.
 * The oldest behind the last probe's, then from the oldest again. *count is 0
 * when none is. */
struct circuit_ask {
    int64_t now_us;
    int64_t lease_until_us;
    int64_t max_age_ms; /* Unless the webhook says it; 0: any. */
};
MUST_USE bool circuit_claim(struct db *db, struct webhook_key key,
                            const struct circuit_ask *ask, struct arena *arena,
                            struct delivery **row, size_t *count,
                            struct err *err);

/* Is a delivery to it under way, or to be tried again? */
MUST_USE bool circuit_is_busy(struct db *db, struct webhook_key key,
                              bool *waits, struct err *err);

/* It failed again: since when it does nothing else, and how often. *failures
 * is 0 when it is not open any more. */
MUST_USE bool circuit_failed(struct db *db, struct webhook_key key,
                             int64_t not_before_us, int64_t *since_us,
                             int64_t *failures, struct err *err);

/* Make the next portion of one that drains due: `max` deliveries, the oldest
 * first, apart_us between them. One that has nothing left is well again, but
 * not before settle_us have gone by since it closed: until then somebody may
 * still hold events for it. What is too old fails instead, without an attempt.
 * *found is false when none drains now. */
struct circuit_drain {
    int64_t now_us;
    size_t max;
    int64_t apart_us;
    int64_t settle_us;
    int64_t max_age_ms;     /* Unless the webhook says it; 0: any. */
    struct circuit_why old; /* Of what is too old: its word and sentence. */
};
struct circuit_drained {
    size_t released;
    size_t given_up; /* Too old. */
};
MUST_USE bool circuit_drain(struct db *db, const struct circuit_drain *how,
                            bool *found, struct circuit_drained *out,
                            struct err *err);

/* --- the sweep ------------------------------------------------------------ */

/* A webhook for which deliveries are held. */
struct circuit_held {
    struct webhook_key key;
    bool is_gone;    /* There is no such webhook any more. */
    bool is_drained; /* It had no circuit to let them out: it drains now. */
};

/* The next of them behind `after` in the order of keys, at most max into out
 * (room for max). Looks at nothing but what is held. */
MUST_USE bool circuit_sweep(struct db *db, struct webhook_key after,
                            int64_t now_us, size_t max,
                            struct circuit_held *out, size_t *count,
                            struct err *err);

/* Drop the circuits that disabled webhooks have. */
MUST_USE bool circuit_tidy(struct db *db, struct err *err);

/* The next portion of what is held for it fails, because of `why`. */
struct circuit_ending {
    int64_t now_us;
    size_t max;
    struct str why;  /* A sentence, */
    struct str word; /* and its word. */
};
MUST_USE bool circuit_end_held(struct db *db, struct webhook_key key,
                               const struct circuit_ending *how, size_t *ended,
                               struct err *err);

#endif

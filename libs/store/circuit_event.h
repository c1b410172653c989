/* Events about webhooks: written by the transaction that changes a webhook's
 * state, so that there is one for each change and none without. Private to
 * libs/store. */
#ifndef PORTER_STORE_CIRCUIT_EVENT_H
#define PORTER_STORE_CIRCUIT_EVENT_H

#include "store/circuit.h"

#define CIRCUIT_HELD_MAX 10000 /* More are told as so many. */

struct circuit_trouble {
    enum event_type type;
    const struct circuit_why *why;
    int64_t since_us; /* Of failures; DB_TIME_NULL: none */
    int64_t failures; /* 0: none is known of */
    bool counts_held; /* What is held is known by now. */
};

/* First in the transaction: whoever changes this webhook waits. */
MUST_USE bool circuit_lock(struct tx *tx, struct webhook_key key,
                           struct err *err);

/* The webhook as the transaction leaves it, and why, into the event log and
 * the outbox. */
MUST_USE bool circuit_tell(struct tx *tx, struct webhook_key key,
                           const struct circuit_trouble *trouble,
                           int64_t now_us, struct err *err);

#endif

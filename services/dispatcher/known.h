/* What was seen to already.
 *
 * A dispatcher that died may have written and sent deliveries whose records it
 * had not committed; the next owner of the partition gets these records again.
 * And Kafka has some records twice (RECORD_AGAIN). Before they are sent, their
 * rows are asked for here: a delivery whose row is there is its row's business
 * (done, or due when a lease ends), not ours.
 *
 * One question at a time: known_clear, known_add …, known_ask, then known_drop.
 * Intake's own; not thread-safe. */
#ifndef PORTER_DISPATCHER_KNOWN_H
#define PORTER_DISPATCHER_KNOWN_H

#include "dispatcher/decode.h"

#include "base/err.h"
#include "base/macros.h"
#include "db/db.h"
#include "store/delivery.h"
#include "store/webhook.h"

#define KNOWN_ASK_MAX 1000 /* Deliveries asked for at once. */

struct known;

/* The deliveries of one event, in the question. */
struct known_part {
    size_t first;
    size_t count;
};

struct known *known_new(struct db *db);
void known_free(struct known *k); /* Accepts NULL. */

void known_clear(struct known *k);

/* Put the event's deliveries to these webhooks into the question, as a part of
 * it. False: there is no room for them, or they are in it already and may be
 * known once those have gone on. Never when it is clear. */
MUST_USE bool known_add(struct known *k, const struct decoded *e,
                        const struct webhook_target **wanted, size_t count,
                        struct known_part *part);
MUST_USE bool known_ask(struct known *k, struct err *err);

/* After known_ask: without those whose rows are there; how many are left. */
size_t known_drop(const struct known *k, struct known_part part,
                  struct id event_id, const struct webhook_target **wanted,
                  size_t count);

/* Is any of the part there? */
bool known_any(const struct known *k, struct known_part part);

#endif

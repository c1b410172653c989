/* What an earlier owner of a partition has seen to already.
 *
 * A dispatcher that died may have written and sent deliveries whose records it
 * had not committed; the next owner of the partition gets these records again.
 * Before it sends, it asks here for their rows: a delivery whose row is there
 * is its row's business (done, or due when a lease ends), not ours.
 *
 * One question at a time: known_clear, known_add …, known_ask, then known_is.
 * Intake's own; not thread-safe. */
#ifndef PORTER_DISPATCHER_KNOWN_H
#define PORTER_DISPATCHER_KNOWN_H

#include "base/err.h"
#include "base/macros.h"
#include "db/db.h"
#include "store/delivery.h"

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
/* Is there room for so many more? Always when it is clear. */
bool known_has_room(const struct known *k, size_t count);
void known_add(struct known *k, struct known_part *part, struct id org_id,
               struct id delivery_id, int64_t event_at_us);
MUST_USE bool known_ask(struct known *k, struct err *err);

/* After known_ask: this one, and any of the part? */
bool known_is(const struct known *k, struct known_part part,
              struct id delivery_id);
bool known_any(const struct known *k, struct known_part part);

#endif

/* Piles: rows that are under way to Kafka together, with their memory.
 *
 * A pile is filled (by a read of the outbox, or by handlers: relay_hand.h),
 * then sent, and is free again when the broker has answered for all its rows.
 * The relay's thread owns them all but for the one that handlers fill. */
#ifndef PORTER_GATEWAY_RELAY_PILE_H
#define PORTER_GATEWAY_RELAY_PILE_H

#include "base/arena.h"
#include "bus/producer.h"
#include "gateway/relay.h"
#include "store/outbox.h"

#define PILES 16
#define PILE_ROWS_MAX RELAY_BATCH_MAX

struct pile {
    struct arena *arena;
    struct outbox_row *rows; /* `handed`, or what a read left in the arena. */
    struct outbox_row *handed;
    int64_t *began_us; /* Of handed rows: when their statements began. */
    struct producer_slot *slots;
    size_t count;
    int64_t sent_us; /* 0: it is not under way. */
};

void pile_open(struct pile *p);
void pile_close(struct pile *p);

/* Forget its rows. */
void pile_clear(struct pile *p);

/* Copy a row into it; false when it is full. */
bool pile_add(struct pile *p, const struct outbox_row *row, int64_t began_us);

/* Has the broker answered for every row? */
bool pile_is_done(const struct pile *p);

#endif

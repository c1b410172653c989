/* What the relay's files share: its state, and the sending half. Inside
 * relay*.c only. Handlers touch `woken`, `owned_now` and what `hand_lock`
 * guards, anyone reads `stats`; all else is the thread's own. */
#ifndef PORTER_GATEWAY_RELAY_STATE_H
#define PORTER_GATEWAY_RELAY_STATE_H

#include "gateway/relay.h"

#include "base/arena.h"
#include "bus/producer.h"
#include "gateway/relay_hand.h"
#include "gateway/relay_pile.h"
#include "gateway/relay_share.h"
#include "store/outbox.h"

#include <pthread.h>
#include <stdatomic.h>

#define RELAY_SEND_MS 5000 /* A record's time to be acknowledged. */
#define RELAY_GONE_MAX ((size_t)(PILES + 1) * PILE_ROWS_MAX)

/* Said once per change. */
enum neighbour { NEIGHBOUR_UNKNOWN, NEIGHBOUR_HERE, NEIGHBOUR_AWAY };

struct relay {
    struct relay_options opts;
    pthread_t thread;
    int wake_fd;
    int stop_fd;
    atomic_uint woken;     /* Bits of shards with news from this process. */
    atomic_uint owned_now; /* A copy of share.owned, for handlers. */

    pthread_mutex_t hand_lock;
    struct pile *handed; /* What handlers fill. */

    /* From here on the thread's own. */
    struct db_session *session; /* NULL: lost */
    struct producer *producer;
    struct arena *arena; /* One turn. */
    struct share share;
    struct swept swept;
    struct pile piles[PILES];
    unsigned hot;       /* Bits of shards that may have rows. */
    int64_t looked_us;  /* When all shards were looked at. */
    int64_t changed_us; /* When the shards were others (wall clock). */
    bool is_careful; /* Something was not acked: batch by batch until it is. */
    unsigned pause_ms;
    enum neighbour database;
    enum neighbour kafka;
    struct record *records; /* Of the batch that is sent with care. */
    bool *acked;
    struct outbox_place *gone; /* Acknowledged, not yet deleted. */
    size_t gone_count;
    int64_t gone_us; /* Since when there are any. */
    size_t deleted;  /* Since the last outbox_vacuum. */

    pthread_mutex_t stats_lock;
    struct relay_stats stats;
};

/* Wait until the pause is over or the relay is to stop; each pause is longer
 * than the last. */
void relay_pause(struct relay *r);

/* A free pile, empty; NULL: all are under way. */
struct pile *relay_pile(struct relay *r);

/* Mark the rows of the pile, which were read, that Kafka may have already. */
void relay_doubt(const struct relay *r, struct pile *pile);

/* Send a pile; rows that Kafka does not take now are left to a read. */
void relay_send(struct relay *r, struct pile *pile);

/* Send the rows and wait for the answers; find out which row Kafka will never
 * take. Pauses when Kafka is away. Nothing may be under way. */
void relay_send_careful(struct relay *r, const struct outbox_row *rows,
                        size_t count);

/* Take in the broker's answers, waiting at most wait_ms for the first. What
 * failed is read anew, with care. */
void relay_collect(struct relay *r, unsigned wait_ms);

/* Wait until nothing is under way. */
void relay_settle(struct relay *r);

/* Rows that are under way or gone: what a read must leave out. At most
 * RELAY_GONE_MAX; in the turn's arena. */
size_t relay_away(struct relay *r, struct outbox_place **out);

#endif

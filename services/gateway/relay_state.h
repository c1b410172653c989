/* What the relay's files share: its state, and the sending half. Inside
 * relay*.c only; all of it but `woken` and `stats` is the thread's own. */
#ifndef PORTER_GATEWAY_RELAY_STATE_H
#define PORTER_GATEWAY_RELAY_STATE_H

#include "gateway/relay.h"

#include "base/arena.h"
#include "bus/producer.h"
#include "gateway/relay_share.h"
#include "store/outbox.h"

#include <pthread.h>
#include <stdatomic.h>

#define RELAY_SEND_MS 5000 /* A batch's time to be acknowledged. */

/* Said once per change. */
enum neighbour { NEIGHBOUR_UNKNOWN, NEIGHBOUR_HERE, NEIGHBOUR_AWAY };

struct relay {
    struct relay_options opts;
    pthread_t thread;
    int wake_fd;
    int stop_fd;
    atomic_uint woken; /* Bits of shards with news from this process. */

    /* From here on the thread's own. */
    struct db_session *session; /* NULL: lost */
    struct producer *producer;
    struct arena *arena; /* One turn. */
    struct share share;
    unsigned hot; /* Bits of shards that may have rows. */
    unsigned pause_ms;
    enum neighbour database;
    enum neighbour kafka;
    struct record *records;
    bool *acked;
    struct outbox_place *gone; /* Acknowledged, not yet deleted. */
    size_t gone_count;
    size_t deleted; /* Since the last outbox_vacuum. */

    pthread_mutex_t stats_lock;
    struct relay_stats stats;
};

/* Wait until the pause is over or the relay is to stop; each pause is longer
 * than the last. */
void relay_pause(struct relay *r);

/* Send the rows; the places of those that may leave the outbox are in r->gone
 * afterwards. Pauses when Kafka is away. */
void relay_send(struct relay *r, const struct outbox_row *rows, size_t count);

#endif

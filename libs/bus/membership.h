/* Is the consumer's group being formed anew? librdkafka has no question for
 * it, but lets us see the requests it sends. */
#ifndef PORTER_BUS_MEMBERSHIP_H
#define PORTER_BUS_MEMBERSHIP_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>

struct membership {
    atomic_bool is_joining;
    atomic_bool is_away; /* No broker; until one answers anything. */
};

/* Watch the client that will be made of conf. m must outlive the client. */
void membership_watch(rd_kafka_conf_t *conf, struct membership *m);

/* From a JoinGroup on its way to the answer of the SyncGroup that ends it.
 * A fraction of a millisecond late: librdkafka decides on a thread of its own.
 * Thread-safe. */
bool membership_is_joining(const struct membership *m);

/* All brokers are down, librdkafka says. */
void membership_away(struct membership *m);

/* …and none has answered since. Thread-safe. */
bool membership_is_away(const struct membership *m);

#endif

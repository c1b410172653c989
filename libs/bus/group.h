/* The places of a topic's consumer group: how far it is, and setting it back.
 * The group of a topic is GROUP.TOPIC, as libs/bus/consumer.h names it. */
#ifndef PORTER_BUS_GROUP_H
#define PORTER_BUS_GROUP_H

#include "bus/record.h"

#include "base/err.h"
#include "base/macros.h"

struct group_found {
    bool is_known;   /* It has committed something; else all else is 0. */
    int64_t lag;     /* Records that it has not done. */
    int64_t dropped; /* Records that Kafka dropped before it did. */
};

/* How far the consumers of the topic are. Waits wait_ms at most. */
MUST_USE bool group_inspect(const struct bus_options *bus, const char *group,
                            const char *topic, unsigned wait_ms,
                            struct group_found *out, struct err *err);

/* Set it back to the first records of at_ms or later, where it is behind those;
 * *again counts the records that will be read again. ERR_CONFLICT: it has
 * members, which would not notice. */
MUST_USE bool group_rewind(const struct bus_options *bus, const char *group,
                           const char *topic, int64_t at_ms, unsigned wait_ms,
                           int64_t *again, struct err *err);

#endif

/* What is common to readers that are in no group: their partitions are
 * assigned by hand, and nobody's places are moved. Inside libs/bus only. */
#ifndef PORTER_BUS_ASSIGNED_H
#define PORTER_BUS_ASSIGNED_H

#include "base/err.h"
#include "base/macros.h"

#include <librdkafka/rdkafka.h>

/* librdkafka wants a name, and asks brokers who coordinates it (DESCRIBE on
 * the group); nothing joins it or is committed under it. */
#define ASSIGNED_GROUP "porter-reader"

/* How many partitions the topic has now. ERR_NOT_FOUND: there is no such
 * topic, or the user may not know of it. */
MUST_USE bool assigned_count(rd_kafka_t *rk, const char *topic,
                             unsigned wait_ms, int32_t *count, struct err *err);

/* Where the partition begins and ends now. One that has no leader yet is asked
 * again until wait_ms are over. */
struct assigned_range {
    int64_t low, end;
};
MUST_USE bool assigned_range(rd_kafka_t *rk, const char *topic,
                             int32_t partition, unsigned wait_ms,
                             struct assigned_range *out, struct err *err);

#endif

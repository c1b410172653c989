/* Topics as they are, with their settings. Nothing is changed. */
#ifndef PORTER_BUS_INSPECT_H
#define PORTER_BUS_INSPECT_H

#include "bus/record.h"

#include "base/err.h"
#include "base/macros.h"

#define INSPECT_TOPICS_MAX 64

struct topic_found {
    bool is_there;
    int partitions;
    int leaderless;       /* Partitions that nobody leads. */
    int replication;      /* Of the partition that has the fewest copies. */
    int64_t retention_ms; /* -1: for ever */
    int min_insync;
    bool is_compacted; /* Then records go before their time. */
};

/* One found for each name. Waits wait_ms at most. */
MUST_USE bool topics_inspect(const struct bus_options *bus,
                             const char *const *names, size_t count,
                             unsigned wait_ms, struct topic_found *found,
                             struct err *err);

#endif

/* Kafka topics: make those that are missing. */
#ifndef PORTER_BUS_TOPICS_H
#define PORTER_BUS_TOPICS_H

#include "bus/record.h"

#include "base/err.h"
#include "base/macros.h"

struct topic_row {
    const char *name;
    int partitions;
    int replication;      /* -1: the broker's default */
    int64_t retention_ms; /* -1: for ever */
    int min_insync;       /* 0: the broker's default */
};

/* Create what is not there; existing topics are left alone. Waits wait_ms. */
MUST_USE bool topics_ensure(const struct bus_options *bus,
                            const struct topic_row *rows, size_t count,
                            unsigned wait_ms, struct err *err);

#endif

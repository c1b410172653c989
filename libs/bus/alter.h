/* Changing topics that are there. */
#ifndef PORTER_BUS_ALTER_H
#define PORTER_BUS_ALTER_H

#include "bus/record.h"

#include "base/err.h"
#include "base/macros.h"

struct topic_setting {
    const char *name; /* As "retention.ms". */
    const char *value;
};

/* Set these; what else was set for the topic itself stays. (Read, and written
 * as a whole: who changes the same topic at the same time may be undone.) */
MUST_USE bool topic_alter(const struct bus_options *bus, const char *topic,
                          const struct topic_setting *settings, size_t count,
                          unsigned wait_ms, struct err *err);

/* Give it so many partitions, more than it has. Keys move: what comes later of
 * a key may be on another partition than what came before. */
MUST_USE bool topic_grow(const struct bus_options *bus, const char *topic,
                         int partitions, unsigned wait_ms, struct err *err);

#endif

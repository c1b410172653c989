/* What a topic holds now, read once by somebody who is in no group: nobody's
 * places are moved. */
#ifndef PORTER_BUS_READER_H
#define PORTER_BUS_READER_H

#include "bus/record.h"

#include "base/err.h"
#include "base/macros.h"

/* One record; valid until the function returns. False ends the reading, with
 * its error; without one nothing more is wanted, and all is well. */
typedef bool reader_fn(void *user, const struct record *r, struct err *err);

/* What to read of each partition. */
struct reader_range {
    int64_t newest;                /* At most so many; 0: all. */
    const struct record_place *at; /* Only this record; NULL: any. */
};

/* Partition by partition in their order, mixed with each other, up to where
 * each ended when the call began. ERR_NOT_FOUND: there is no such topic, or no
 * record at the place. ERR_UNAVAILABLE: nothing came for idle_ms. */
MUST_USE bool topic_read(const struct bus_options *bus, const char *topic,
                         const struct reader_range *range, unsigned idle_ms,
                         reader_fn *fn, void *user, struct err *err);

#endif

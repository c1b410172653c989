/* The records of several topics as they come, for somebody who is in no group
 * and commits nothing: nobody's reading is moved. Not thread-safe. */
#ifndef PORTER_BUS_FOLLOWER_H
#define PORTER_BUS_FOLLOWER_H

#include "bus/record.h"

#include "base/err.h"
#include "base/macros.h"

#define FOLLOWER_TOPICS_MAX 16

struct follower;

struct follower_options {
    const struct bus_options *bus;
    const char *const *topics; /* NULL-terminated; borrowed until the close. */
    bool from_end;    /* Behind what is there now; false: with the oldest. */
    unsigned wait_ms; /* For each of its questions. */
};

/* What is sent after this has returned is seen. ERR_NOT_FOUND: a topic is not
 * there. */
MUST_USE bool follower_open(const struct follower_options *opts,
                            struct follower **out, struct err *err);

/* Accepts NULL. */
void follower_close(struct follower *f);

/* Wait up to wait_ms for one record, which is valid until the next call; NULL:
 * none came. Partitions that a topic gets meanwhile are read from their first
 * record. ERR_UNAVAILABLE: brokers are away, or refuse. */
MUST_USE bool follower_poll(struct follower *f, unsigned wait_ms,
                            const struct record **record, struct err *err);

#endif

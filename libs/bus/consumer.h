/* Kafka, the receiving side: one member of a consumer group.
 *
 * Commits only what the caller says is recorded. When partitions are taken
 * away the caller is told first (on_revoke) so that it can finish and commit
 * what it holds: no re-consumption without a crash. Not thread-safe. */
#ifndef PORTER_BUS_CONSUMER_H
#define PORTER_BUS_CONSUMER_H

#include "bus/record.h"

#include "base/err.h"
#include "base/macros.h"

struct consumer;

/* Called inside consumer_poll, before the partitions are given back. */
typedef void consumer_revoke_fn(void *user);

struct consumer_options {
    const struct bus_options *bus;
    const char *group;
    const char *const *topics; /* NULL-terminated */
    consumer_revoke_fn *on_revoke;
    void *user;
};

MUST_USE bool consumer_open(const struct consumer_options *opts,
                            struct consumer **out, struct err *err);

/* Leaves the group without committing. Accepts NULL. */
void consumer_close(struct consumer *c);

/* Wait up to wait_ms for records, at most max. Zero records is no error. The
 * records are valid until the next poll. ERR_UNAVAILABLE: brokers are away
 * (keep polling). */
MUST_USE bool consumer_poll(struct consumer *c, unsigned wait_ms, size_t max,
                            const struct record **records, size_t *count,
                            struct err *err);

/* Remember that everything up to and with this record is recorded; a commit
 * follows soon (asynchronously), and on close of the partition at once. */
void consumer_done(struct consumer *c, const struct record_place *place);

/* Write the remembered places now and wait. */
MUST_USE bool consumer_commit(struct consumer *c, struct err *err);

/* Stop and go on fetching, all partitions: the caller's memory is full. */
void consumer_pause(struct consumer *c, bool paused);

/* Records behind the end of the log over all owned partitions, as last seen
 * (no I/O). */
int64_t consumer_lag(struct consumer *c);

/* Does the group know us and do we own partitions? For readiness. */
bool consumer_is_joined(const struct consumer *c);

#endif

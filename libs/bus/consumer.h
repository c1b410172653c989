/* Kafka, the receiving side: one member of a consumer group for each topic.
 *
 * Commits only what the caller says is recorded. When partitions are taken
 * away the caller is told first (on_revoke) so that it can finish and commit
 * what it holds: no re-consumption without a crash. A group that is new starts
 * at the oldest record.
 *
 * A topic's partitions are shared out evenly, whatever other topics there are,
 * and cooperatively (cooperative-sticky): a member that
 * joins or leaves moves only the partitions that must move, and the others go
 * on being read. With the eager strategies every member would give back all
 * it has, and finish all it holds, each time one is added or restarted: a
 * stop of the whole group in every rolling update. Not thread-safe. */
#ifndef PORTER_BUS_CONSUMER_H
#define PORTER_BUS_CONSUMER_H

#include "bus/record.h"

#include "base/err.h"
#include "base/macros.h"

struct consumer;

/* Called inside consumer_poll, before partitions are given back: finish what
 * is held and say consumer_done; the places are then committed. Records of
 * those partitions are not returned any more. Keep it short (seconds): the
 * group waits. */
typedef void consumer_revoke_fn(void *user);

/* Called inside consumer_poll when the first record that a partition still has
 * stands behind the group's place `from`: Kafka dropped what was between,
 * unread. */
typedef void consumer_skipped_fn(void *user, const struct record *first,
                                 int64_t from);

struct consumer_options {
    const struct bus_options *bus;
    const char *group;         /* Each topic's group is named GROUP.TOPIC. */
    const char *const *topics; /* NULL-terminated */
    consumer_revoke_fn *on_revoke;
    consumer_skipped_fn *on_skipped; /* NULL: nobody minds. */
    void *user;
};

MUST_USE bool consumer_open(const struct consumer_options *opts,
                            struct consumer **out, struct err *err);

/* Leaves the groups without committing. Accepts NULL. */
void consumer_close(struct consumer *c);

/* Wait up to wait_ms for records, at most max. Zero records is no error. The
 * records are valid until the next poll. Headers after the first
 * RECORD_HEADERS_MAX are left out (is_cut). ERR_UNAVAILABLE: brokers are away
 * (told once per outage; keep polling). ERR_INTERNAL: this member can't go on.
 */
MUST_USE bool consumer_poll(struct consumer *c, unsigned wait_ms, size_t max,
                            const struct record **records, size_t *count,
                            struct err *err);

/* Remember that everything up to and with this record is recorded; a commit
 * follows soon (asynchronously, within CONSUMER_COMMIT_MS of polling), and
 * before the partition is given back at once. A place in a partition that is
 * no longer owned is ignored. */
#define CONSUMER_COMMIT_MS 200
void consumer_done(struct consumer *c, const struct record_place *place);

/* Records that were there when their partition came to us are marked
 * is_inherited: an earlier owner that died may have taken them without
 * committing. Say of them whether one really had; when none had for long,
 * the rest of the partition is not marked any more. */
void consumer_taken(struct consumer *c, const struct record_place *place,
                    bool was_taken);

/* Write the remembered places now and wait (bounded). */
MUST_USE bool consumer_commit(struct consumer *c, struct err *err);

/* Stop and go on fetching, all partitions, also those that are assigned while
 * paused: the caller's memory is full. Keep polling: membership needs it. */
void consumer_pause(struct consumer *c, bool paused);

/* While it is paused: ask the brokers now and then where the logs end, for
 * consumer_lag. May wait for a second when a broker does not answer. */
void consumer_look(struct consumer *c);

/* Records behind the end of the log over all owned partitions that are not
 * done, as last seen (no I/O). A partition of which neither we nor our group
 * ever read counts as 0. */
int64_t consumer_lag(const struct consumer *c);

/* Have the brokers been away since ERR_UNAVAILABLE told so? No I/O. */
bool consumer_is_away(const struct consumer *c);

/* Partitions of a topic that are ours now. */
size_t consumer_owned(const struct consumer *c, size_t topic);

/* Do all groups know us? There may be no partition for us. For readiness. */
bool consumer_is_joined(const struct consumer *c);

#endif

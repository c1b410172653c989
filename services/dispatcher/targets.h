/* Cache of organizations' webhooks: exact, because every event says which
 * version of its org's list it was born under.
 *
 * A set is reloaded when an event asks for a later version, when
 * targets_forget was called (LISTEN porter_webhooks), and after TARGETS_TTL_MS
 * as a safety net. Who has held one for a while asks whether it is stale.
 * Loading blocks the caller on PostgreSQL. Thread-safe. */
#ifndef PORTER_DISPATCHER_TARGETS_H
#define PORTER_DISPATCHER_TARGETS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "crypt/crypt.h"
#include "db/db.h"
#include "store/webhook.h"

#include <stdatomic.h>

#define TARGETS_TTL_MS 30000
#define TARGETS_ORGS_MAX 32768 /* Sets kept, … */
#define TARGETS_ROW 4 /* … in rows of so many: the oldest of one gives way. */

/* One version of an org's webhooks. Immutable, but for its generation;
 * references are counted. */
struct target_set {
    _Atomic unsigned references;
    struct arena *arena;
    struct id org_id;
    int64_t version;
    int64_t loaded_at_us; /* Steady clock. */
    struct webhook_target *list;
    size_t count;
    _Atomic uint64_t generation; /* See targets_are_stale. */
};

struct target_set *target_set_hold(struct target_set *s);
void target_set_release(struct target_set *s); /* Accepts NULL. */

struct targets;

struct targets *targets_new(struct db *db, const struct seal_keys *keys);
void targets_free(struct targets *t); /* Accepts NULL. */

/* A reference to the org's set, at least of this version (0: any fresh one;
 * INT64_MAX: one read now). When PostgreSQL is away a set that is only past its
 * time is still used. */
MUST_USE bool targets_take(struct targets *t, struct id org_id, int64_t version,
                           struct target_set **out, struct err *err);

/* Has something been said about its organization's webhooks since it was read?
 * No lock. */
bool targets_are_stale(const struct targets *t, const struct target_set *s);

/* The set that is kept, held, when it is not stale; else NULL. Asks nobody. */
struct target_set *targets_peek(struct targets *t, struct id org_id);

/* Something has changed: a set that is kept is read anew before it goes, so
 * that those who hold the old one find the new. */
void targets_forget(struct targets *t, struct id org_id);
void targets_forget_all(struct targets *t);

#endif

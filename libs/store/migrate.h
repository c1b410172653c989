/* The schema: the .sql files of db/migrations, built in, applied once each, in
 * order.
 *
 * One runner at a time (advisory lock); each migration is one transaction and
 * leaves its number, name and SHA-256 in schema_migrations. It waits for a
 * table's lock half a second at a time, for two minutes in all. A migration
 * that was applied with another text, or a gap, is ERR_CONFLICT and nothing is
 * done. Afterwards the day partitions are made ahead. */
#ifndef PORTER_STORE_MIGRATE_H
#define PORTER_STORE_MIGRATE_H

#include "base/err.h"
#include "base/macros.h"
#include "db/db.h"

struct migration_state {
    unsigned number;
    const char *name;
    bool is_applied;
    int64_t applied_at_us;
    int64_t took_us; /* Only for what this run applied. */
};

/* Told before and after each one. */
typedef void migrate_progress_fn(void *user, const struct migration_state *m,
                                 bool is_done);

/* Apply what is missing; *applied counts. */
MUST_USE bool migrate_apply(const struct db_options *opts,
                            migrate_progress_fn *progress, void *user,
                            unsigned *applied, struct err *err);

/* All migrations with their state; *count of list (static storage inside). */
#define MIGRATIONS_MAX 512
MUST_USE bool migrate_status(const struct db_options *opts,
                             struct migration_state list[MIGRATIONS_MAX],
                             size_t *count, struct err *err);

/* Has the schema everything that we know of? For readiness; cheap. A newer one
 * is fine: migrations expand first and contract a release later. */
MUST_USE bool migrate_is_current(struct db *db, bool *current, struct err *err);

#endif

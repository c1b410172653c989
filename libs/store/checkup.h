/* What `porterctl doctor` asks PostgreSQL, and whether what is sealed can be
 * opened. Nothing is changed. */
#ifndef PORTER_STORE_CHECKUP_H
#define PORTER_STORE_CHECKUP_H

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"
#include "crypt/crypt.h"
#include "db/db.h"

struct checkup_server {
    int64_t version; /* 150004: 15.4 */
    bool is_read_only;
    bool is_durable; /* A commit that was answered survives a crash. */
    bool has_autovacuum;
    int64_t now_us;         /* Its clock, when it began to answer. */
    int64_t xid_age;        /* Of the oldest row that was not frozen. */
    int64_t oldest_open_us; /* When the oldest transaction of others began, */
};                          /* DB_TIME_NULL: none is open. */

MUST_USE bool checkup_server(struct db *db, struct checkup_server *out,
                             struct err *err);

/* Connections that this role may open still; and that there may be at all. */
MUST_USE bool checkup_connections(struct db *db, int64_t *free_count,
                                  int64_t *most, struct err *err);

/* The first few rights that the role lacks, by commas; STR_NONE: none. */
MUST_USE bool checkup_rights(struct db *db, struct arena *arena,
                             struct str *lacks, struct err *err);

/* The first day without a partition, as "events 2027-01-31", among `days` from
 * now_us on; STR_NONE: each has one. *missing counts all. */
MUST_USE bool checkup_partitions(struct db *db, int64_t now_us, int days,
                                 struct arena *arena, struct str *first,
                                 size_t *missing, struct err *err);

/* Open the secrets of some webhooks. *opened: how many there were, 0: there is
 * none. ERR_INTERNAL names the first that can't be opened. */
MUST_USE bool checkup_seals(struct db *db, const struct seal_keys *keys,
                            size_t *opened, struct err *err);

#endif

/* Old rows of a table without partitions, a round at a time. Internal to
 * libs/store. */
#ifndef PORTER_STORE_CLEAN_H
#define PORTER_STORE_CLEAN_H

#include "base/err.h"
#include "base/macros.h"
#include "db/db.h"

/* A statement that deletes what is older than $1, $2 rows at most; *removed is
 * how many went. */
MUST_USE bool clean_rows(struct db *db, const struct sql *what,
                         int64_t before_us, int64_t max, int64_t *removed,
                         struct err *err);

#endif

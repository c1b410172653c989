/* Locations: rows -> messages. */
#ifndef PORTER_STORE_LOCATION_H
#define PORTER_STORE_LOCATION_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "db/db.h"
#include "message/rules.h"

#include "porter/v1/location.pb-c.h"

#define LOCATION_TIMEZONE_MAX 64 /* Code points. */

/* What a new location must obey. Its time zone must be known too. */
const struct rule_table *location_rules(void);

struct location_filter {
    struct str search;     /* prefix words of name and city */
    struct str after_name; /* STR_NONE: from the start */
    struct id after_id;
};

/* By name, then id. on_site_count is counted from an index. */
MUST_USE bool location_list(struct db *db, struct id org_id,
                            const struct location_filter *filter, size_t max,
                            struct arena *arena, Porter__V1__Location ***list,
                            size_t *count, struct err *err);

MUST_USE bool location_find(struct db *db, struct id org_id, struct id id,
                            struct arena *arena, Porter__V1__Location **out,
                            struct err *err);

/* The org's only location; *found false when it has none or several. */
MUST_USE bool location_only(struct db *db, struct id org_id, bool *found,
                            struct id *id, struct err *err);

/* Which of the ids are no location of the org: their places in the list. */
MUST_USE bool location_missing(struct db *db, struct id org_id,
                               const struct id *ids, size_t count,
                               struct arena *arena, size_t **missing,
                               size_t *missing_count, struct err *err);

/* Is it an IANA time zone that PostgreSQL knows, letter for letter? */
MUST_USE bool timezone_known(struct db *db, struct str name, bool *known,
                             struct err *err);

MUST_USE bool location_insert(struct db *db, struct id org_id,
                              const Porter__V1__Location *location,
                              struct err *err);

#endif

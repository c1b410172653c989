/* Contractors: rows -> messages. */
#ifndef PORTER_STORE_CONTRACTOR_H
#define PORTER_STORE_CONTRACTOR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "db/db.h"

#include "porter/v1/contractor.pb-c.h"

struct contractor_filter {
    unsigned statuses; /* bits (1 << ContractorStatus); 0: any */
    struct id location_id;
    struct str company;
    struct str search;
    int64_t after_created_us; /* DB_TIME_NULL: from the start */
    struct id after_id;
};

/* Newest first. */
MUST_USE bool contractor_list(struct db *db, struct id org_id,
                              const struct contractor_filter *filter,
                              size_t max, struct arena *arena,
                              Porter__V1__Contractor ***list, size_t *count,
                              struct err *err);

MUST_USE bool contractor_find(struct db *db, struct id org_id, struct id id,
                              struct arena *arena, Porter__V1__Contractor **out,
                              struct err *err);

MUST_USE bool contractor_insert(struct db *db, struct id org_id,
                                const Porter__V1__Contractor *contractor,
                                struct err *err);

#endif

/* Contractors: rows <-> messages; a change and its event in one statement.
 *
 * Every contractor that comes from here is assessed as of now_us. */
#ifndef PORTER_STORE_CONTRACTOR_H
#define PORTER_STORE_CONTRACTOR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "db/db.h"
#include "message/rules.h"
#include "store/cause.h"
#include "store/event.h"

#include "porter/v1/contractor.pb-c.h"

#define CONTRACTOR_LOCATIONS_MAX 50
#define CONTRACTOR_SPAN_S (20LL * 366 * 86400) /* How far its times reach. */

/* What a new contractor must obey, whoever enters it. */
const struct rule_table *contractor_rules(void);

struct contractor_filter {
    unsigned statuses; /* bits (1 << ContractorStatus); 0: any */
    struct id location_id;
    struct str company;
    struct str search;
    int64_t expires_before_us; /* DB_TIME_NULL: any */
    int64_t after_created_us;  /* DB_TIME_NULL: from the start */
    struct id after_id;
};

/* Newest first. */
MUST_USE bool contractor_list(struct db *db, struct id org_id,
                              const struct contractor_filter *filter,
                              size_t max, int64_t now_us, struct arena *arena,
                              Porter__V1__Contractor ***list, size_t *count,
                              struct err *err);

MUST_USE bool contractor_find(struct db *db, struct id org_id, struct id id,
                              int64_t now_us, struct arena *arena,
                              Porter__V1__Contractor **out, struct err *err);

/* Without an event: for what was agreed elsewhere (porterctl). */
MUST_USE bool contractor_insert(struct db *db, struct id org_id,
                                const Porter__V1__Contractor *contractor,
                                struct err *err);

/* A new one, its contractor.created event and the outbox row in
 * event_shard(contractor): one statement. The locations are the org's
 * (location_missing). */
MUST_USE bool contractor_add(struct db *db, const struct cause *cause,
                             Porter__V1__Contractor *contractor,
                             struct arena *arena, struct err *err);

/* A contractor's new state, as it is to be. */
struct contractor_change {
    Porter__V1__Contractor *contractor;
    int64_t seen_us; /* updated_at when it was read */
    enum event_type type;
};

/* Store status, the decision and updated_at (the rest is left alone), an event
 * and the outbox row. *changed is false, and nothing has happened, when
 * somebody was quicker. */
MUST_USE bool contractor_change(struct db *db, const struct cause *cause,
                                const struct contractor_change *change,
                                struct arena *arena, bool *changed,
                                struct err *err);

#endif

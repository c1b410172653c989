/* Visitors: rows <-> messages; a change and its event in one statement. */
#ifndef PORTER_STORE_VISITOR_H
#define PORTER_STORE_VISITOR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "db/db.h"
#include "store/cause.h"
#include "store/event.h"
#include "store/outbox.h"

#include "porter/v1/visitor.pb-c.h"

/* Insert the visitor (id, status, full_name and times are filled by the
 * caller), its visitor.pre_registered event and the outbox row: one statement,
 * one round trip. ERR_INVALID when the location is not the org's (the caller
 * words the fault). *sent is the outbox row, for relay_hand: it is the first
 * of its subject. */
MUST_USE bool visitor_insert(struct db *db, const struct cause *cause,
                             const Porter__V1__Visitor *visitor,
                             struct arena *arena, struct outbox_row *sent,
                             struct err *err);

/* A visitor's new state. */
struct visitor_change {
    const Porter__V1__Visitor *visitor; /* as it is to be */
    int64_t seen_us;                    /* updated_at when it was read */
    enum event_type type;
};

/* Store status, location, times, badge, plate, notes and updated_at of the
 * visitor (the rest is left alone), an event and the outbox row in
 * event_shard(visitor): one statement. *changed is false, and nothing has
 * happened, when the stored updated_at is not seen_us any more (somebody was
 * quicker) or the location is not the org's. */
MUST_USE bool visitor_change(struct db *db, const struct cause *cause,
                             const struct visitor_change *change,
                             struct arena *arena, bool *changed,
                             struct err *err);

/* ERR_NOT_FOUND when the org has no such visitor. */
MUST_USE bool visitor_find(struct db *db, struct id org_id, struct id id,
                           struct arena *arena, Porter__V1__Visitor **out,
                           struct err *err);

/* Newest first. Zero ids and STR_NONE mean "any"; times DB_TIME_NULL. `after`
 * is the last row seen (created_at_us, id); DB_TIME_NULL: from the start. */
struct visitor_filter {
    unsigned statuses; /* bits (1 << VisitorStatus); 0: any */
    struct id location_id;
    struct str host_email;
    struct str email;
    struct str company;
    struct str search; /* prefix words of name, e-mail, company */
    int64_t expected_from_us, expected_to_us;
    int64_t checked_in_from_us, checked_in_to_us;
    int64_t created_from_us, created_to_us;
    int64_t after_created_us;
    struct id after_id;
};
MUST_USE bool visitor_list(struct db *db, struct id org_id,
                           const struct visitor_filter *filter, size_t max,
                           struct arena *arena, Porter__V1__Visitor ***list,
                           size_t *count, struct err *err);

/* How many fit the filter (without `after`). */
MUST_USE bool visitor_count(struct db *db, struct id org_id,
                            const struct visitor_filter *filter, int64_t *total,
                            struct err *err);

#endif

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

/* --- lists (visitor_list.c) ---------------------------------------------- */

/* Zero ids and STR_NONE mean "any"; times DB_TIME_NULL. */
struct visitor_range {
    int64_t from_us; /* inclusive */
    int64_t to_us;   /* exclusive */
};

enum visitor_time {
    VISITOR_CREATED,
    VISITOR_EXPECTED,
    VISITOR_CHECKED_IN,
    VISITOR_TIME_COUNT
};

struct visitor_filter {
    unsigned statuses; /* bits (1 << VisitorStatus); 0: any */
    struct id location_id;
    struct str host_email;
    struct str email;
    struct str company;
    struct str search; /* prefix words of name, e-mail, company */
    struct visitor_range ranges[VISITOR_TIME_COUNT];
};

/* Where a list stands: behind this visitor. Visitors without the time come
 * last whichever way, by id. */
struct visitor_place {
    bool is_set;   /* else: at the beginning */
    int64_t at_us; /* DB_TIME_NULL: has no such time */
    struct id id;
};

struct visitor_query {
    struct visitor_filter filter;
    enum visitor_time sort;
    bool is_descending;
    struct visitor_place after;
    size_t max;
};

/* Rows in order. The work for one answer is bounded (visitor_list.c says by
 * what), so fewer than max rows do not mean that there are no more: is_cut says
 * that there may be, and `end` how far all visitors were looked at. */
struct visitor_answer {
    Porter__V1__Visitor **rows;
    size_t count;
    bool is_cut;
    struct visitor_place end; /* when is_cut */
};

MUST_USE bool visitor_list(struct db *db, struct id org_id,
                           const struct visitor_query *query,
                           struct arena *arena, struct visitor_answer *out,
                           struct err *err);

/* How many fit the filter: all of them when at most VISITOR_COUNT_MAX come into
 * question, else (*is_exact false) those among the first so many. */
#define VISITOR_COUNT_MAX 10000
MUST_USE bool visitor_count(struct db *db, struct id org_id,
                            const struct visitor_filter *filter, int64_t *total,
                            bool *is_exact, struct err *err);

/* Who left a location since a time, the latest first: their rows alone are
 * read. */
struct visitor_left {
    struct id location_id;
    int64_t since_us;
    struct visitor_place after;
    size_t max;
};
MUST_USE bool visitor_left(struct db *db, struct id org_id,
                           const struct visitor_left *query,
                           struct arena *arena, Porter__V1__Visitor ***rows,
                           size_t *count, struct err *err);

/* The visitor's place in a list that is sorted by this time. */
struct visitor_place visitor_place_of(const Porter__V1__Visitor *v,
                                      enum visitor_time sort);

#endif

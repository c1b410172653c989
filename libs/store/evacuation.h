/* Evacuations and their rosters.
 *
 * Activating freezes a roster: one row for everybody who was on site at that
 * moment. The roll-call marks rows of it, under the lock of the evacuation;
 * activating and ending each go with their event and its outbox row in one
 * transaction. */
#ifndef PORTER_STORE_EVACUATION_H
#define PORTER_STORE_EVACUATION_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "db/db.h"
#include "store/cause.h"
#include "store/event.h"

#include "porter/v1/evacuation.pb-c.h"

/* What Evacuation.on_site may come to, packed: an event must fit into a record
 * that any broker takes (1 MB unless it is told otherwise). Some 7,000 people
 * with usual names; who does not fit is in evacuation_people. */
#define EVACUATION_ROSTER_BYTES_MAX 900000

/* --- reading ------------------------------------------------------------- */

struct evacuation_key {
    struct id org_id;
    struct id id;
};

enum evacuation_kind { EVACUATION_ANY, EVACUATION_REAL, EVACUATION_DRILL };

struct evacuation_query {
    struct id org_id;
    unsigned statuses; /* bits (1 << EvacuationStatus); 0: any */
    enum evacuation_kind kind;
    struct id location_id; /* zero: any */
    int64_t before_us;     /* DB_TIME_NULL: from the newest */
    struct id before_id;
    size_t max;
};

/* By activated_at, the latest first. */
MUST_USE bool evacuation_list(struct db *db, const struct evacuation_query *q,
                              struct arena *arena,
                              Porter__V1__EvacuationSummary ***list,
                              size_t *count, struct err *err);

/* With its roster. ERR_NOT_FOUND when the org has no such evacuation. */
MUST_USE bool evacuation_find(struct db *db, const struct evacuation_key *key,
                              struct arena *arena, Porter__V1__Evacuation **out,
                              struct err *err);

/* Without it. */
MUST_USE bool evacuation_summary(struct db *db,
                                 const struct evacuation_key *key,
                                 struct arena *arena,
                                 Porter__V1__EvacuationSummary **out,
                                 struct err *err);

/* The one that is active at the place of `like` and is or is not a drill as
 * that; *out is NULL when there is none. */
MUST_USE bool evacuation_active(struct db *db, struct id org_id,
                                const Porter__V1__Evacuation *like,
                                struct arena *arena,
                                Porter__V1__EvacuationSummary **out,
                                struct err *err);

enum evacuation_found { EVACUATION_ALL, EVACUATION_MISSING, EVACUATION_FOUND };

struct evacuation_people_query {
    struct evacuation_key key;
    enum evacuation_found found;
    struct str after_name; /* STR_NONE: from the start */
    struct id after_id;
    size_t max;
};

/* By name, then id. */
MUST_USE bool evacuation_people(struct db *db,
                                const struct evacuation_people_query *q,
                                struct arena *arena,
                                Porter__V1__EvacuationPerson ***list,
                                size_t *count, struct err *err);

/* --- changes ------------------------------------------------------------- */

enum evacuation_outcome {
    EVACUATION_ACTIVATED,
    EVACUATION_NO_LOCATION, /* The location is not the org's. */
    EVACUATION_IS_ACTIVE,   /* One of its kind is active there. */
};

/* Activate it: id, location_id, reason, drill, activated_at and activated_by
 * are the caller's; roster, counts and the rest are filled in. */
MUST_USE bool evacuation_activate(struct db *db, const struct cause *cause,
                                  Porter__V1__Evacuation *e,
                                  struct arena *arena,
                                  enum evacuation_outcome *outcome,
                                  struct err *err);

/* The evacuation as it is, locked until the transaction that db is ends
 * (tx_db); what follows is called behind it. */
MUST_USE bool evacuation_lock(struct db *db, const struct evacuation_key *key,
                              struct arena *arena,
                              Porter__V1__EvacuationSummary **out,
                              struct err *err);

/* How it ends. */
struct evacuation_ending {
    struct evacuation_key key;
    struct str by;
    int64_t at_us;
};

/* End it. The answer is the evacuation after it, with its roster. */
MUST_USE bool evacuation_end(struct db *db, const struct cause *cause,
                             const struct evacuation_ending *ending,
                             struct arena *arena, Porter__V1__Evacuation **out,
                             struct err *err);

/* What a roll-call says. */
struct evacuation_marks {
    struct evacuation_key key;
    const struct id *people;
    size_t count;
    size_t found_count; /* So many of them, the first, are found. */
    struct str by;
    int64_t at_us;
};

/* Which of the people are not on the roster: their places in the list. */
MUST_USE bool evacuation_strangers(struct db *db,
                                   const struct evacuation_marks *marks,
                                   struct arena *arena, size_t **places,
                                   size_t *count, struct err *err);

/* Mark them, all of the roster; who is marked so already stays as marked, and
 * is not among the `marked`. */
struct evacuation_marked {
    struct id *found;
    size_t found_count;
    struct id *missing;
    size_t missing_count;
};
MUST_USE bool evacuation_mark(struct db *db,
                              const struct evacuation_marks *marks,
                              struct arena *arena,
                              struct evacuation_marked *marked,
                              struct err *err);

#endif

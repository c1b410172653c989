/* The event log: every event of an organization, in one order for all readers.
 *
 * The order is (transaction, id), and the log ends below the oldest write
 * transaction that still runs: whatever commits later stands behind that. So
 * who has read up to a place has read all that will ever be before it. The
 * log's end may lag behind what was answered, as a rule by milliseconds. */
#ifndef PORTER_STORE_EVENT_LOG_H
#define PORTER_STORE_EVENT_LOG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "db/db.h"
#include "store/event.h"

/* Where a reader stands: behind this event. */
struct event_place {
    int64_t txid;
    struct id id;
    bool is_settled; /* event_find: nothing can come before it any more. */
};

/* STR_NONE means "any"; times DB_TIME_NULL. */
struct event_filter {
    unsigned types; /* bits (1 << enum event_type); 0: any */
    struct str subject;
    int64_t from_us; /* created at: inclusive */
    int64_t to_us;   /* exclusive */
};

struct event_query {
    struct event_filter filter;
    bool is_descending; /* The log backwards, from its end. */
    bool goes_on;       /* else: from the beginning */
    struct event_place after;
    size_t max;
};

/* The work for one answer is bounded (event_log.c says by what), so fewer than
 * max rows do not mean that there are no more: has_more does. `end` is the last
 * event that was looked at, fit or not, when has_end. */
struct event_answer {
    Porter__V1__Event **rows;
    size_t count;
    bool has_more;
    bool has_end;
    struct event_place end;
};

MUST_USE bool event_list(struct db *db, struct id org_id,
                         const struct event_query *query, struct arena *arena,
                         struct event_answer *out, struct err *err);

/* Also one that is not below the log's end yet. ERR_NOT_FOUND when the log has
 * no such event of the org. place may be NULL. */
MUST_USE bool event_find(struct db *db, struct id org_id, struct id id,
                         struct arena *arena, Porter__V1__Event **out,
                         struct event_place *place, struct err *err);

/* The write transaction that still runs while later ones have ended, so that
 * the log ends below it; 0 when there is none. */
MUST_USE bool event_log_holder(struct db *db, int64_t *txid, struct err *err);

/* The whole UTC days around a range of time: what opens no other partition.
 * Pure. */
struct event_days {
    int64_t from_us;
    int64_t to_us;
};
struct event_days event_days(int64_t from_us, int64_t to_us);

#endif

/* Replays: finished deliveries of a webhook that are to be sent again, many at
 * a time. A row each, worked off in portions by whichever dispatcher is there.
 *
 * A portion is one transaction: deliveries become due, and the replay's place
 * behind them, or neither. A delivery that ends after the replay was asked for
 * is none of its, so each is sent again by it at most once. */
#ifndef PORTER_STORE_REPLAY_H
#define PORTER_STORE_REPLAY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "db/db.h"
#include "store/delivery.h"
#include "store/webhook.h"

#include "porter/v1/replay.pb-c.h"

/* Of one webhook, that are not at their end. */
#define REPLAYS_GOING_MAX 10

/* What a replay can be of, in the words of enum delivery_state;
 * NULL-terminated. */
extern const char *const replay_state_words[];

struct replay_request {
    struct id org_id;
    struct id webhook_id;
    unsigned states;        /* bits (1 << delivery_state): failed, delivered */
    struct str event_type;  /* STR_NONE: any */
    int64_t from_us, to_us; /* The event's time; DB_TIME_NULL: any */
    struct str failure;     /* The last attempt's; STR_NONE: any */
    int64_t now_us;
    struct author by;
};

/* Ask for one. ERR_LIMITED past REPLAYS_GOING_MAX. */
MUST_USE bool replay_insert(struct db *db, const struct replay_request *what,
                            struct arena *arena, struct id *id,
                            Porter__V1__Replay **out, struct err *err);

struct replay_key {
    struct id org_id;
    struct id webhook_id;
    struct id id;
};

/* ERR_NOT_FOUND when there is none. */
MUST_USE bool replay_find(struct db *db, const struct replay_key *key,
                          struct arena *arena, Porter__V1__Replay **out,
                          struct err *err);

/* Of one webhook, newest first; those before key->id unless it is zero. */
MUST_USE bool replay_list(struct db *db, const struct replay_key *key,
                          size_t max, struct arena *arena,
                          Porter__V1__Replay ***list, size_t *count,
                          struct err *err);

/* What is due already is sent. *changed is false when it was at its end. */
MUST_USE bool replay_cancel(struct db *db, const struct replay_key *key,
                            int64_t now_us, const struct author *by,
                            bool *changed, struct err *err);

/* How quickly: at most `max` at once, apart_us between them; no more while as
 * many that are due wait for somebody to take them. */
struct replay_pace {
    int64_t now_us;
    size_t max;
    int64_t apart_us;
};

/* Make the next portion of one due. *found is false when none wants one now. A
 * replay whose webhook is disabled or gone fails. */
MUST_USE bool replay_step(struct db *db, const struct replay_pace *pace,
                          bool *found, size_t *replayed, struct err *err);

/* Forget what ended before, at most REPLAY_CLEAN_MAX at a time. */
#define REPLAY_CLEAN_MAX 1000
MUST_USE bool replay_clean(struct db *db, int64_t before_us, int64_t *removed,
                           struct err *err);

#endif

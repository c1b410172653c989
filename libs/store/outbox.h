/* The relay's view of the outbox: shards it owns, rows in order. */
#ifndef PORTER_STORE_OUTBOX_H
#define PORTER_STORE_OUTBOX_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "db/db.h"
#include "store/cause.h"

#include "porter/v1/event.pb-c.h"

struct outbox_row {
    struct id org_id;
    struct id id; /* evt_ */
    int64_t shard;
    int64_t seq; /* With shard: names the row when it is to be deleted. */
    struct str aggregate;
    struct str subject;
    struct str type;
    struct str payload;
    struct str traceparent; /* STR_NONE: none */
    struct str request_id;  /* STR_NONE: none */
    int64_t webhooks_version;
    int64_t created_at_us;
    bool is_again; /* Kafka may have it already. */
};

/* The row that the statement of this event puts into the outbox, but for what
 * only the statement knows: seq and webhooks_version. Borrows the payload. */
struct outbox_row outbox_row_of(const Porter__V1__Event *event,
                                const struct cause *cause, struct str payload,
                                struct arena *arena);

/* Take a session-level lock on the shard; *taken tells. The lock is held by
 * the session and gone when the session ends in any way. */
MUST_USE bool outbox_lock(struct db_session *s, unsigned shard, bool *taken,
                          struct err *err);
MUST_USE bool outbox_unlock(struct db_session *s, unsigned shard,
                            struct err *err);

/* Say "a relay lives here", and count those that do (at least 1). */
MUST_USE bool outbox_presence(struct db_session *s, struct err *err);
MUST_USE bool outbox_relays(struct db_session *s, unsigned *count,
                            struct err *err);

/* One row that the broker has acknowledged. */
struct outbox_place {
    int64_t shard;
    int64_t seq;
};

/* What a turn is to do. */
struct outbox_ask {
    const int64_t *shards; /* To read from; none: only delete. */
    size_t shard_count;
    const struct outbox_place *gone; /* Acknowledged: to delete. */
    size_t gone_count;
    struct outbox_place *away; /* To leave out: gone, or under way. */
    size_t away_count;
    size_t max; /* Rows to read. */
};

/* In one statement: delete the rows that are gone, then read the oldest other
 * rows of the shards (ordered by shard, seq), about evenly from shards that
 * have many. `scratch` is only used in here, rows live as long as `arena`. */
MUST_USE bool outbox_turn(struct db_session *s, const struct outbox_ask *ask,
                          struct arena *scratch, struct arena *arena,
                          struct outbox_row **rows, size_t *count,
                          struct err *err);

/* Let the table forget its deleted rows. The oldest rows of a shard lie behind
 * those that are gone, so every turn walks over what nobody has cleared away;
 * autovacuum comes once a minute, which at 1,000 rows a second is too late.
 * Passes over the table when somebody else is at it, or when the role may not.
 */
#define OUTBOX_VACUUM_ROWS 5000 /* Deleted since the last time. */
MUST_USE bool outbox_vacuum(struct db_session *s, struct err *err);

/* Tell the relays of other processes that these shards (bits) have rows. */
MUST_USE bool outbox_notify(struct db_session *s, unsigned shards,
                            struct err *err);
#define OUTBOX_CHANNEL "porter_outbox"

/* Rows waiting and the age of the oldest, for metrics (bounded work: counts at
 * most 100,000). */
MUST_USE bool outbox_depth(struct db *db, int64_t now_us, int64_t *rows,
                           int64_t *oldest_us, struct err *err);

#endif

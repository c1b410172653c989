/* Delivery rows and attempts: the ledger of what was sent (docs/delivery.md).
 *
 * A row's due_at says when any process may take it: the future while one
 * works on it (its lease) or until its retry, NULL when it is finished. All
 * writes come in batches; each function is one statement. */
#ifndef PORTER_STORE_DELIVERY_H
#define PORTER_STORE_DELIVERY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "base/traceparent.h"
#include "db/db.h"
#include "store/event.h"
#include "store/webhook.h"

#include "porter/v1/delivery.pb-c.h"

enum delivery_state {
    DELIVERY_PENDING,
    DELIVERY_DELIVERED,
    DELIVERY_FAILED,
    DELIVERY_HELD,
    DELIVERY_STATES
};
extern const char *const delivery_state_words[];

struct delivery {
    struct id org_id;
    struct id id; /* id_pair(event_id, webhook_id) */
    int64_t event_at_us;
    struct id event_id;
    struct id webhook_id;
    struct str event_type;
    struct str subject;
    enum delivery_state state;
    bool is_test;
    int attempts;
    int64_t due_at_us; /* DB_TIME_NULL when finished */
    int last_status;   /* 0: none */
    struct str last_error;
    struct str last_failure; /* A word; STR_NONE: none, or an answer */
    struct str body;
    int64_t finished_at_us; /* DB_TIME_NULL unless finished */
    int64_t created_at_us;
    int attempts_before;   /* Of attempts: not the schedule's any more. */
    struct str request_id; /* Of the event's cause; STR_NONE: none */
    /* The event's, without a span; an id of zeros: not known. Written by
     * delivery_insert and delivery_test, read by claims alone. */
    struct trace trace;
    /* Its place among the events of its subject, from 1; 0: it waits for no
     * other. Written by delivery_insert, read by the claims alone. */
    int64_t ordinal;
    /* Somebody waits for what comes of it (a sample, a retry by hand): it waits
     * for no room. Read by the claims alone. */
    bool is_asked;
    /* The due_at that its writer gave it while he worked on it; read by
     * delivery_record alone. */
    int64_t lease_until_us;
};

struct attempt {
    struct id org_id;
    struct id delivery_id;
    int number;
    int64_t at_us;
    /* Whose endpoint it was; zero: it tells nothing about that, and no sum
     * counts it. Written only. */
    struct id webhook_id;
    struct str verdict; /* "delivered", "retry", "give_up", "disable" */
    int status;         /* 0: none */
    struct str failure; /* STR_NONE when answered */
    struct str detail;
    struct str remote;
    bool reused;             /* A connection kept from before. */
    struct str http_version; /* STR_NONE or empty: none, here and below */
    struct str tls_version;
    struct str certificate_subject;
    struct str certificate_issuer;
    int64_t certificate_expires_us; /* DB_TIME_NULL: no certificate */
    int64_t dns_us, connect_us, tls_us, first_byte_us, total_us;
    struct str request_headers;
    struct str response_headers;
    struct str response_body;
};

/* Insert rows, each in whatever state it has reached, and the attempts already
 * made for them: one statement, all or nothing. A row whose (event, webhook) is
 * there already is left as it is, and its attempts here are not inserted.
 * is_new[i] tells. */
MUST_USE bool delivery_insert(struct db *db, const struct delivery *rows,
                              size_t count, const struct attempt *attempts,
                              size_t attempt_count, bool *is_new,
                              struct err *err);

/* Write the outcome of attempts: state, attempts, due_at, last_*, finished_at
 * of the rows (matched by org_id, id, event_at), and insert the attempts. One
 * statement, all or nothing. A row that is finished already is not touched, nor
 * one that is not due at lease_until_us (another has it by now), unless it was
 * delivered. Of several about one delivery only one counts: the success, or
 * else the latest lease. */
MUST_USE bool delivery_record(struct db *db, const struct delivery *rows,
                              size_t count, const struct attempt *attempts,
                              size_t attempt_count, struct err *err);

/* Is it the rows that PostgreSQL refuses, whoever sends them and however often?
 * All else that goes wrong is worth another try: a server that is away, a
 * schema that is not ours yet, a right that is missing. */
static inline bool delivery_is_refused(const struct err *err)
{
    return err->code == ERR_INVALID;
}

/* is_known[i]: is there a row with this key, in whatever state? count > 0. */
struct delivery_key {
    struct id org_id;
    struct id id;
    int64_t event_at_us;
};
MUST_USE bool delivery_known(struct db *db, const struct delivery_key *keys,
                             size_t count, bool *is_known, struct err *err);

/* Take pending rows whose due_at <= now_us (oldest due first, FOR UPDATE SKIP
 * LOCKED), lease them until lease_until_us, return them. Rows that can't be
 * sent now wait for something beside their time: for room, those of the
 * webhooks in `full` (lanes without any), unless somebody asked for them; for
 * their turn, those with an ordinal behind one that is not finished, a minute
 * at most. Those behind one that is held are held. No more is looked at than a
 * bound, however much is due: when rows were put off there may be more behind
 * them. */
struct delivery_ask {
    int64_t now_us, lease_until_us;
    size_t max;       /* Rows, */
    size_t bytes_max; /* and bytes of their bodies; one row always. */
    const struct id *full;
    size_t full_count;
};
/* The deliveries of one subject to one webhook, one after the other. */
struct delivery_line {
    struct webhook_key key;
    struct str subject;
};
/* Lists are in the arena. lines: in which something waits for its turn now. The
 * one before it may have ended while the claim looked, and who ended it found
 * nobody to wake: so these are to be woken once more (delivery_wake). */
struct delivery_claimed {
    struct delivery *rows;
    size_t count;
    size_t put_off;
    struct delivery_line *lines;
    size_t line_count;
};
MUST_USE bool delivery_claim(struct db *db, const struct delivery_ask *ask,
                             struct arena *arena, struct delivery_claimed *out,
                             struct err *err);

/* The next max rows of the webhook that wait for room are due now; *count is
 * how many. */
MUST_USE bool delivery_room(struct db *db, struct webhook_key key,
                            int64_t now_us, size_t max, size_t *count,
                            struct err *err);

/* The next webhooks behind one (zero: from the first) with rows that wait for
 * room, in order, at most max into out. */
MUST_USE bool delivery_room_seekers(struct db *db, struct webhook_key after,
                                    size_t max, struct webhook_key *out,
                                    size_t *count, struct err *err);

/* Something of each of these lines is finished: what waited for it is due now.
 */
MUST_USE bool delivery_wake(struct db *db, const struct delivery_line *lines,
                            size_t count, int64_t now_us, struct err *err);

/* The same of one webhook's: the subjects are in the first row of a statement
 * that has ended something, in a column that is NULL when there are none. To be
 * called when that is committed. */
MUST_USE bool delivery_wake_told(struct db *db, struct webhook_key key,
                                 const struct db_rows *rows, size_t column,
                                 int64_t now_us, struct err *err);

/* Offsets begin anew (topics with more partitions, or made again): what is to
 * be delivered in order and is not finished, *settled of them, comes before all
 * that is read from now on. */
MUST_USE bool delivery_settle(struct db *db, int64_t *settled, struct err *err);

/* What waits for room, or for its turn, of days that ended before before_us
 * fails at now_us, as what is too old, at most DELIVERY_END_MAX of them: there
 * is no more time for a first attempt, and the whole installation's deliveries
 * of that day stay until nothing of it is to be sent. What is under way, or
 * waits for its retry, ends by itself. */
#define DELIVERY_END_MAX 2000
MUST_USE bool delivery_end_waiting(struct db *db, int64_t before_us,
                                   int64_t now_us, int64_t *ended,
                                   struct err *err);

/* When the next pending row is due (DB_TIME_NULL: none). */
MUST_USE bool delivery_next_due(struct db *db, int64_t *due_at_us,
                                struct err *err);

/* --- what people ask for; each wakes dispatchers through DELIVERY_CHANNEL --
 */

#define DELIVERY_CHANNEL "porter_deliveries"

/* A sample event of the type for one webhook, due now. It is not on Kafka and
 * not in the event log, and is tried once. *out is the row. */
struct delivery_sample {
    struct cause cause; /* Who asks for it. */
    struct id webhook_id;
    enum event_type type;
    int64_t now_us;
};
MUST_USE bool delivery_test(struct db *db, const struct delivery_sample *what,
                            struct arena *arena, struct delivery *out,
                            struct err *err);

/* Send a finished one again, now and then by the whole schedule. *changed is
 * false when it was not finished at d->finished_at_us any more. */
MUST_USE bool delivery_retry(struct db *db, const struct delivery *d,
                             int64_t now_us, const struct author *by,
                             bool *changed, struct err *err);

/* --- reads -----------------------------------------------------------------
 */

/* Of one webhook (zero id: of all, and then nothing else may be set but
 * `after`). */
struct delivery_filter {
    struct id webhook_id;
    unsigned states;        /* bits (1 << delivery_state); 0: any */
    struct str event_type;  /* STR_NONE: any */
    int64_t from_us, to_us; /* The event's time; DB_TIME_NULL: any */
    bool oldest_first;
    struct id after; /* The last one seen; zero: from the first */
};

/* Newest first, unless told otherwise. Bodies are not read. */
MUST_USE bool delivery_list(struct db *db, struct id org_id,
                            const struct delivery_filter *filter, size_t max,
                            struct arena *arena, struct delivery **rows,
                            size_t *count, struct err *err);

/* Where an event was sent: at most max behind `after` (zero: from the first),
 * in the order of their ids. */
struct delivery_event {
    struct id org_id;
    struct id event_id;
    struct id after;
};
MUST_USE bool delivery_list_of_event(struct db *db,
                                     const struct delivery_event *of,
                                     size_t max, struct arena *arena,
                                     struct delivery **rows, size_t *count,
                                     struct err *err);

/* What of one webhook is to be sent or held now; of each at most
 * DELIVERIES_WAITING_MAX are counted. */
#define DELIVERIES_WAITING_MAX 10000
struct deliveries_waiting {
    int64_t pending, held;
    int64_t oldest_us; /* The event's time; DB_TIME_NULL: there is none. */
};
MUST_USE bool delivery_waiting(struct db *db, struct id org_id,
                               struct id webhook_id,
                               struct deliveries_waiting *out, struct err *err);

/* Does the log know any delivery of the webhook? */
MUST_USE bool delivery_any(struct db *db, struct id org_id,
                           struct id webhook_id, bool *found, struct err *err);

MUST_USE bool delivery_find(struct db *db, struct id org_id, struct id id,
                            struct arena *arena, bool *found,
                            struct delivery *out, struct err *err);

/* The attempts that the row, as it was read, knows of: one that was recorded
 * since is not among them, so that both tell the same. Of a finished row all.
 * Asks for org_id, id, attempts and finished_at_us. */
MUST_USE bool attempt_list(struct db *db, const struct delivery *of,
                           struct arena *arena, struct attempt **list,
                           size_t *count, struct err *err);

/* As API messages; the detail is the delivery with its body and attempts. */
Porter__V1__Delivery *delivery_message(const struct delivery *d,
                                       struct arena *arena);
Porter__V1__DeliveryDetail *delivery_detail(const struct delivery *d,
                                            const struct attempt *attempts,
                                            size_t count, struct arena *arena);

#endif

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
    struct str body;
    int64_t finished_at_us; /* DB_TIME_NULL unless finished */
    int64_t created_at_us;
    int attempts_before;   /* Of attempts: not the schedule's any more. */
    struct str request_id; /* Of the event's cause; STR_NONE: none */
    /* Its place among the events of its subject, from 1; 0: it waits for no
     * other. Written by delivery_insert, read by delivery_claim alone. */
    int64_t ordinal;
};

struct attempt {
    struct id org_id;
    struct id delivery_id;
    int number;
    int64_t at_us;
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
 * statement, all or nothing. A row that is finished already is not touched. */
MUST_USE bool delivery_record(struct db *db, const struct delivery *rows,
                              size_t count, const struct attempt *attempts,
                              size_t attempt_count, struct err *err);

/* is_known[i]: is there a row with this key, in whatever state? count > 0. */
struct delivery_key {
    struct id org_id;
    struct id id;
    int64_t event_at_us;
};
MUST_USE bool delivery_known(struct db *db, const struct delivery_key *keys,
                             size_t count, bool *is_known, struct err *err);

/* Take up to max pending rows whose due_at <= now_us (oldest due first,
 * FOR UPDATE SKIP LOCKED), lease them until lease_until_us, return them.
 * Rows of the webhooks in `full` (lanes without room) are passed over, and so
 * is one with an ordinal while one before it is not finished. */
MUST_USE bool delivery_claim(struct db *db, int64_t now_us,
                             int64_t lease_until_us, size_t max,
                             const struct id *full, size_t full_count,
                             struct arena *arena, struct delivery **rows,
                             size_t *count, struct err *err);

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

/* At most `max` failed deliveries of the webhook, of events since since_us and
 * failed by now_us, oldest first: each as delivery_retry does it, unless
 * another is at it. Samples are left. Asked again it finds what is left. */
struct delivery_recovery {
    struct id org_id;
    struct id webhook_id;
    int64_t since_us;
    int64_t now_us;
    size_t max;
    struct author by;
};
MUST_USE bool delivery_recover(struct db *db,
                               const struct delivery_recovery *what,
                               size_t *count, struct err *err);

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

/* Does the log know any delivery of the webhook? */
MUST_USE bool delivery_any(struct db *db, struct id org_id,
                           struct id webhook_id, bool *found, struct err *err);

MUST_USE bool delivery_find(struct db *db, struct id org_id, struct id id,
                            struct arena *arena, bool *found,
                            struct delivery *out, struct err *err);
MUST_USE bool attempt_list(struct db *db, struct id org_id,
                           struct id delivery_id, struct arena *arena,
                           struct attempt **list, size_t *count,
                           struct err *err);

/* As API messages; the detail is the delivery with its body and attempts. */
Porter__V1__Delivery *delivery_message(const struct delivery *d,
                                       struct arena *arena);
Porter__V1__DeliveryDetail *delivery_detail(const struct delivery *d,
                                            const struct attempt *attempts,
                                            size_t count, struct arena *arena);

#endif

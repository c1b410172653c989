/* Road step 3 and 4: who is calling, and may they now? One Redis round trip.
 *
 * admit_check hands a key's hash to admit.lua (combined with other threads'
 * by libs/kv), which looks the key up in the shared cache and moves its exact
 * sliding window of 60 s. A miss reads PostgreSQL, fills the cache and asks
 * again. Redis away: the key from PostgreSQL, the window in this process
 * (admit_local.c). A denial is remembered for a second, so a hot key over its
 * limit costs almost no I/O. A revoked key is refused from the moment the
 * revoke was answered (libs/store/keycache.h says how). Thread-safe. */
#ifndef PORTER_GATEWAY_ADMIT_H
#define PORTER_GATEWAY_ADMIT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"
#include "crypt/crypt.h"
#include "db/db.h"
#include "kv/kv.h"
#include "store/key.h"

#define ADMIT_WINDOW_MS 60000

struct admit;

enum admit_verdict {
    ADMIT_YES,
    ADMIT_LIMITED, /* retry_ms says when */
    ADMIT_UNKNOWN, /* no such live key: unknown, revoked and expired alike */
    ADMIT_SLOWED,  /* too many unknown keys from this address; retry_ms */
};

struct admission {
    enum admit_verdict verdict;
    struct principal principal; /* of a known key */
    unsigned limit;
    unsigned remaining;
    int64_t reset_ms; /* until the window is as free as it can be: 0..60000 */
    int64_t retry_ms; /* ADMIT_LIMITED: a request after so long is let in */
    int64_t limit_us; /* how long Redis took, which looks the key up as well */
    bool is_local;    /* decided without Redis */
};

struct admit_options {
    struct db *db;
    struct kv *kv;
    unsigned local_max;  /* keys remembered in this process */
    struct usage *usage; /* keys that were let in before are not slowed */
    struct guess *guess; /* NULL: nobody is slowed */
};

/* Starts the thread that follows the cache epoch. */
MUST_USE bool admit_open(const struct admit_options *opts, struct admit **out,
                         struct err *err);
void admit_close(struct admit *a); /* Accepts NULL. */

struct admit_request {
    struct sha256 hash;
    bool is_counted;
    struct str remote; /* Where it comes from: guessing is slowed. */
};

/* is_counted false: look, but do not use up anything (GET /rate-limit); never
 * ADMIT_LIMITED then, retry_ms tells when a counted one would be let in.
 * ERR_UNAVAILABLE: neither Redis nor PostgreSQL could tell. */
MUST_USE bool admit_check(struct admit *a, const struct admit_request *request,
                          struct arena *arena, struct admission *out,
                          struct err *err);

/* May this key be looked up in PostgreSQL? Those that were let in before may
 * from anywhere. False: *retry_ms says when. After true: was it found? */
MUST_USE bool admit_may_ask(struct admit *a, struct sha256 hash,
                            struct str remote, int64_t *retry_ms);
void admit_asked(struct admit *a, struct sha256 hash, struct str remote,
                 bool found);

struct admit_stats {
    uint64_t by_redis, by_local_window, by_remembered_denial, cache_misses;
    uint64_t limited, unknown;
    bool redis_is_up, cache_is_trusted;
};
struct admit_stats admit_stats(struct admit *a);

#endif

/* Who calls, and may they now.
 *
 * Happy path: nothing is remembered of the key; one trip to Redis finds the
 * cached principal and moves the window. Other endings:
 * - Remembered: unknown a moment ago, or (for a counted call) over its limit.
 *   No I/O.
 * - Not in the cache (or the cache is not to be trusted): PostgreSQL says who
 *   it is, and a second trip fills the cache and moves the window. A tombstone
 *   that came in between wins.
 * - Redis is away: PostgreSQL says who it is, and the window is this
 *   process's. Both away: ERR_UNAVAILABLE. */
#include "gateway/admit.h"

#include "base/clock.h"
#include "base/codec.h"
#include "gateway/admit_epoch.h"
#include "gateway/admit_local.h"
#include "gateway/guess.h"
#include "gateway/usage.h"
#include "store/keycache.h"

#include "admit_text.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The server changed between naming the keys and its answer. */
#define LIFE_TRIES_MAX 3
#define WINDOW_NAME_MAX (2 + 2 * SHA256_BYTES + 1)
#define NUMBER_MAX 24

/* The codes of admit.lua. */
enum answer_code { MISS, REVOKED, ADMITTED, DENIED };

struct counters {
    _Atomic uint64_t by_redis, by_local_window, by_remembered_denial;
    _Atomic uint64_t cache_misses, limited, unknown;
};

struct admit {
    struct admit_options opts;
    struct kv_script script;
    struct epoch *epoch;
    struct local *local;
    struct counters counters;
};

/* One request's question. */
struct question {
    struct sha256 hash;
    bool is_counted;
    struct str remote;
    struct arena *arena;
    bool is_trusted; /* The cache may be believed, from `epoch` on. */
    int64_t epoch;
    int64_t *limit_us; /* Sum of the trips to Redis. */
};

static void count(_Atomic uint64_t *counter)
{
    (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* --- life ---------------------------------------------------------------- */

bool admit_open(const struct admit_options *opts, struct admit **out,
                struct err *err)
{
    struct admit *a = mem_zero(1, sizeof *a);

    assert(opts->db != NULL && opts->kv != NULL);
    assert(admit_text_count == 1);
    a->opts = *opts;
    a->script = (struct kv_script){.name = admit_texts[0].name,
                                   .text = admit_texts[0].text,
                                   .keys_per_item = 2,
                                   .args_per_item = 4};
    a->local = local_new(opts->local_max);
    if (!epoch_open(opts->db, &a->epoch, err)) {
        admit_close(a);
        return false;
    }
    *out = a;
    return true;
}

void admit_close(struct admit *a)
{
    if (a != NULL) {
        epoch_close(a->epoch);
        local_free(a->local);
        free(a);
    }
}

/* --- asking Redis -------------------------------------------------------- */

static struct str window_name(struct sha256 hash, char out[WINDOW_NAME_MAX])
{
    out[0] = 'w';
    out[1] = ':';
    hex_write(hash.bytes, sizeof hash.bytes, out + 2);
    return str_of(out);
}

/* One trip. `fresh`: the packed principal to use, kept in the cache for
 * keep_ms (0: not at all); STR(""): the cached one. */
static bool ask(struct admit *a, const struct question *q, const char *life,
                struct str fresh, unsigned keep_ms, struct kv_reply *reply,
                struct err *err)
{
    char entry[KEYCACHE_NAME_MAX];
    char window[WINDOW_NAME_MAX];
    char epoch[NUMBER_MAX];
    char keep[NUMBER_MAX];
    const struct str keys[] = {keycache_name(life, q->hash, entry),
                               window_name(q->hash, window)};
    struct str args[] = {q->is_counted ? STR("1") : STR("0"), STR_NONE, fresh,
                         STR_NONE};
    int64_t began_us = 0;
    bool ok = false;

    (void)snprintf(epoch, sizeof epoch, "%lld", (long long)q->epoch);
    (void)snprintf(keep, sizeof keep, "%u", keep_ms);
    args[1] = str_of(epoch);
    args[3] = str_of(keep);
    began_us = clock_steady_us();
    ok = kv_eval(a->opts.kv, &a->script, keys, args, q->arena, reply, err);
    *q->limit_us += clock_steady_us() - began_us;
    if (!ok) {
        return false;
    }
    if (reply->count != 1 && reply->count != 5) {
        return err_set(err, ERR_INTERNAL, "admit.lua answered %zu values",
                       reply->count);
    }
    return true;
}

/* Turn ADMITTED or DENIED into an admission. False: the entry is not ours. */
static bool read_reply(const struct kv_reply *r, struct admission *out)
{
    struct admission a = {
        .verdict = r->values[0].number == ADMITTED ? ADMIT_YES : ADMIT_LIMITED,
        .remaining = (unsigned)r->values[1].number,
        .reset_ms = r->values[2].number,
        .retry_ms = r->values[3].number};

    if (!keycache_unpack(r->values[4].text, &a.principal)) {
        return false;
    }
    a.limit = a.principal.rate_limit;
    *out = a;
    return true;
}

enum outcome { DECIDED, UNDECIDED, NO_REDIS };

static enum outcome decide(struct admit *a, const struct question *q,
                           const struct kv_reply *reply, int64_t asked_us,
                           struct admission *out)
{
    const int64_t code = reply->values[0].number;

    if (code == REVOKED) {
        *out = (struct admission){.verdict = ADMIT_UNKNOWN};
        return DECIDED;
    }
    if (code == MISS || reply->count != 5 || !read_reply(reply, out)) {
        return UNDECIDED;
    }
    if (code == DENIED) {
        local_deny(a->local, q->hash, out, asked_us, clock_steady_us());
    }
    count(&a->counters.by_redis);
    return DECIDED;
}

/* From the cache. An answer counts only if it comes from the life of the
 * server that the names were made for: another life may hold old entries. */
static enum outcome ask_cache(struct admit *a, const struct question *q,
                              struct admission *out)
{
    struct err ignored = ERR_NONE; /* kv's stats count it. */
    char life[KV_LIFE_MAX];
    struct kv_reply reply = {0};

    for (int try = 0; try < LIFE_TRIES_MAX; try++) {
        const int64_t asked_us = clock_steady_us();

        if (!kv_life(a->opts.kv, life, &ignored) ||
            !ask(a, q, life, STR(""), 0, &reply, &ignored)) {
            return NO_REDIS;
        }
        if (strcmp(life, reply.life) == 0) {
            return decide(a, q, &reply, asked_us, out);
        }
    }
    return UNDECIDED;
}

/* With a principal that PostgreSQL just gave. A tombstone of any life counts,
 * and a fill under the name of an ended life is never read. */
static enum outcome ask_with(struct admit *a, const struct question *q,
                             const char *life, const struct principal *who,
                             struct admission *out)
{
    const int64_t asked_us = clock_steady_us();
    struct err ignored = ERR_NONE; /* kv's stats count it. */
    char value[KEYCACHE_VALUE_MAX];
    struct kv_reply reply = {0};

    if (life[0] == '\0' ||
        !ask(a, q, life, keycache_pack(who, q->epoch, value),
             q->is_trusted ? KEY_CACHE_MS : 0, &reply, &ignored)) {
        return NO_REDIS;
    }
    return decide(a, q, &reply, asked_us, out) == DECIDED ? DECIDED : NO_REDIS;
}

/* --- deciding ------------------------------------------------------------ */

static bool is_expired(const struct principal *p)
{
    return p->expires_at_us != 0 && p->expires_at_us <= clock_wall_us();
}

/* Let in before: from anywhere, and at nobody's cost. */
static bool is_familiar(struct admit *a, struct sha256 hash)
{
    return a->opts.guess == NULL ||
           (a->opts.usage != NULL && usage_knows(a->opts.usage, hash));
}

bool admit_may_ask(struct admit *a, struct sha256 hash, struct str remote,
                   int64_t *retry_ms)
{
    return is_familiar(a, hash) ||
           guess_take(a->opts.guess, remote, clock_steady_us(), retry_ms);
}

void admit_asked(struct admit *a, struct sha256 hash, struct str remote,
                 bool found)
{
    if (found && !is_familiar(a, hash)) {
        guess_give(a->opts.guess, remote);
    }
}

/* PostgreSQL says who it is; Redis or this process says whether now. */
static bool decide_by_row(struct admit *a, const struct question *q,
                          struct admission *out, struct err *err)
{
    struct err ignored = ERR_NONE;
    char life[KV_LIFE_MAX] = "";
    struct principal who = {0};
    int64_t retry_ms = 0;
    bool found = false;

    if (!admit_may_ask(a, q->hash, q->remote, &retry_ms)) {
        *out =
            (struct admission){.verdict = ADMIT_SLOWED, .retry_ms = retry_ms};
        return true;
    }
    /* Life and epoch from before the row is read: a revoke in between finds
     * this fill under the name it buries. */
    if (!kv_life(a->opts.kv, life, &ignored)) {
        life[0] = '\0';
    }
    if (!key_find(a->opts.db, q->hash, clock_wall_us(), &found, &who, err)) {
        return false;
    }
    admit_asked(a, q->hash, q->remote, found);
    if (!found) {
        *out = (struct admission){.verdict = ADMIT_UNKNOWN};
        return true;
    }
    if (ask_with(a, q, life, &who, out) != DECIDED) {
        const int64_t now_us = clock_steady_us();

        local_admit(a->local, q->hash, &who, q->is_counted, now_us, out);
        if (out->verdict == ADMIT_LIMITED) {
            local_deny(a->local, q->hash, out, now_us, now_us);
        }
        count(&a->counters.by_local_window);
    }
    return true;
}

static void finish(struct admit *a, const struct question *q,
                   struct admission *out)
{
    if (out->verdict == ADMIT_SLOWED) {
        return;
    }
    if (out->verdict != ADMIT_UNKNOWN && is_expired(&out->principal)) {
        *out = (struct admission){.verdict = ADMIT_UNKNOWN};
    }
    if (out->verdict == ADMIT_LIMITED && !q->is_counted) {
        out->verdict = ADMIT_YES; /* Looking is free. */
    }
    if (out->verdict == ADMIT_UNKNOWN) {
        count(&a->counters.unknown);
    } else if (out->verdict == ADMIT_LIMITED) {
        count(&a->counters.limited);
    }
}

bool admit_check(struct admit *a, const struct admit_request *request,
                 struct arena *arena, struct admission *out, struct err *err)
{
    const struct sha256 hash = request->hash;
    int64_t limit_us = 0;
    struct question q = {.hash = hash,
                         .is_counted = request->is_counted,
                         .remote = request->remote,
                         .arena = arena,
                         .limit_us = &limit_us};
    struct admission answer = {.verdict = ADMIT_UNKNOWN};
    enum outcome outcome = UNDECIDED;

    if (local_recall(a->local, hash, q.is_counted, clock_steady_us(),
                     &answer)) {
        count(&a->counters.by_remembered_denial);
    } else {
        q.is_trusted = epoch_get(a->epoch, &q.epoch);
        if (q.is_trusted) {
            outcome = ask_cache(a, &q, &answer);
        }
        if (outcome != DECIDED) {
            count(&a->counters.cache_misses);
            if (!decide_by_row(a, &q, &answer, err)) {
                return false;
            }
        }
        if (answer.verdict == ADMIT_UNKNOWN) {
            local_unknown(a->local, hash, clock_steady_us());
        }
    }
    finish(a, &q, &answer);
    answer.limit_us = limit_us;
    *out = answer;
    return true;
}

struct admit_stats admit_stats(struct admit *a)
{
    const struct counters *c = &a->counters;
    int64_t epoch = 0;

    return (struct admit_stats){
        .by_redis = atomic_load(&c->by_redis),
        .by_local_window = atomic_load(&c->by_local_window),
        .by_remembered_denial = atomic_load(&c->by_remembered_denial),
        .cache_misses = atomic_load(&c->cache_misses),
        .limited = atomic_load(&c->limited),
        .unknown = atomic_load(&c->unknown),
        .redis_is_up = kv_is_up(a->opts.kv),
        .cache_is_trusted = epoch_get(a->epoch, &epoch),
    };
}

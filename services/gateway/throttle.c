/* One number for each who and rule: when all tries will be forgotten (the
 * generic cell rate algorithm). In Redis, or in sets of eight here. */
#include "gateway/throttle.h"

#include "base/clock.h"
#include "base/codec.h"
#include "crypt/crypt.h"

#include "throttle_text.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETS 1024 /* A power of two. */
#define WAYS 8
#define NAME_MAX 100
#define NUMBER_MAX 24

struct way {
    struct sha256 who;
    int64_t until_us; /* Steady clock; 0: nobody's */
};

struct throttle {
    struct kv *kv;
    struct kv_script script;
    pthread_mutex_t lock;
    struct way sets[SETS][WAYS];
};

struct throttle *throttle_new(struct kv *kv)
{
    struct throttle *t = mem_zero(1, sizeof *t);

    t->kv = kv;
    assert(throttle_text_count == 1);
    t->script = (struct kv_script){.name = throttle_texts[0].name,
                                   .text = throttle_texts[0].text,
                                   .keys_per_item = 1,
                                   .args_per_item = 3};
    (void)pthread_mutex_init(&t->lock, NULL);
    return t;
}

void throttle_free(struct throttle *t)
{
    if (t != NULL) {
        (void)pthread_mutex_destroy(&t->lock);
        free(t);
    }
}

/* --- here ---------------------------------------------------------------- */

bool throttle_move(int64_t *until_us, const struct throttle_rule *rule,
                   int64_t now_us, int64_t *wait_us)
{
    const int64_t interval_us = (int64_t)rule->every_ms * US_PER_MS;
    const int64_t until = MAX_OF(*until_us, now_us);
    const int64_t wait =
        until + interval_us - now_us - (int64_t)rule->burst * interval_us;

    if (wait > 0) {
        *wait_us = wait;
        return false;
    }
    *until_us = until + interval_us;
    return true;
}

/* Its way; else the one that is forgotten soonest. */
static struct way *way_of(struct throttle *t, const struct sha256 *who)
{
    size_t at = (size_t)(who->bytes[0] | who->bytes[1] << 8) & (SETS - 1);
    struct way *best = &t->sets[at][0];

    for (size_t i = 0; i < WAYS; i++) {
        struct way *way = &t->sets[at][i];

        if (way->until_us != 0 && memcmp(&way->who, who, sizeof *who) == 0) {
            return way;
        }
        if (way->until_us < best->until_us) {
            best = way;
        }
    }
    *best = (struct way){.who = *who};
    return best;
}

static bool take_here(struct throttle *t, const struct throttle_rule *rule,
                      struct sha256 who, int64_t *retry_ms)
{
    int64_t wait_us = 0;
    bool may = false;

    (void)pthread_mutex_lock(&t->lock);
    may = throttle_move(&way_of(t, &who)->until_us, rule, clock_steady_us(),
                        &wait_us);
    (void)pthread_mutex_unlock(&t->lock);
    if (!may) {
        *retry_ms = (wait_us + US_PER_MS - 1) / US_PER_MS;
    }
    return may;
}

static void give_here(struct throttle *t, const struct throttle_rule *rule,
                      struct sha256 who)
{
    (void)pthread_mutex_lock(&t->lock);
    way_of(t, &who)->until_us -= (int64_t)rule->every_ms * US_PER_MS;
    (void)pthread_mutex_unlock(&t->lock);
}

/* --- in Redis ------------------------------------------------------------ */

static struct sha256 hash_of(const struct throttle_rule *rule, struct str who)
{
    const struct str parts[] = {who};

    return crypt_hmac_sha256_parts(str_of(rule->name), parts, COUNT_OF(parts));
}

/* False: Redis can't tell. */
static bool ask(struct throttle *t, const struct throttle_rule *rule,
                struct sha256 who, struct str by, struct arena *arena,
                int64_t *wait_ms)
{
    char name[NAME_MAX];
    char interval[NUMBER_MAX];
    char burst[NUMBER_MAX];
    char hex[2 * SHA256_BYTES + 1];
    struct err ignored = ERR_NONE; /* kv's stats count it. */
    struct kv_reply reply = {0};
    struct str args[3] = {STR_NONE, STR_NONE, by};
    struct str key = STR_NONE;

    hex_write(who.bytes, sizeof who.bytes, hex);
    (void)snprintf(name, sizeof name, "t:%s:%s", rule->name, hex);
    (void)snprintf(interval, sizeof interval, "%lld",
                   (long long)rule->every_ms * US_PER_MS);
    (void)snprintf(burst, sizeof burst, "%u", rule->burst);
    key = str_of(name);
    args[0] = str_of(interval);
    args[1] = str_of(burst);
    if (t->kv == NULL ||
        !kv_eval(t->kv, &t->script, &key, args, arena, &reply, &ignored) ||
        reply.count != 1 || !reply.values[0].is_number) {
        return false;
    }
    *wait_ms = reply.values[0].number;
    return true;
}

bool throttle_take(struct throttle *t, const struct throttle_rule *rule,
                   struct str who, struct arena *arena, int64_t *retry_ms)
{
    const struct sha256 hash = hash_of(rule, who);
    int64_t wait_ms = 0;

    if (!ask(t, rule, hash, STR("1"), arena, &wait_ms)) {
        return take_here(t, rule, hash, retry_ms);
    }
    if (wait_ms > 0) {
        *retry_ms = wait_ms;
    }
    return wait_ms == 0;
}

void throttle_give(struct throttle *t, const struct throttle_rule *rule,
                   struct str who, struct arena *arena)
{
    const struct sha256 hash = hash_of(rule, who);
    int64_t ignored = 0;

    if (!ask(t, rule, hash, STR("-1"), arena, &ignored)) {
        give_here(t, rule, hash);
    }
}

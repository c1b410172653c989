/* Forgetting a revoked key everywhere; the form of cache entries. */
#include "store/keycache.h"

#include "base/clock.h"
#include "base/codec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ID_HEX 32
#define LIFE_TRIES_MAX 3

/* --- names and values ---------------------------------------------------- */

struct str keycache_name(const char *life, struct sha256 hash,
                         char out[KEYCACHE_NAME_MAX])
{
    int len = snprintf(out, KEYCACHE_NAME_MAX, "k:%s:", life);

    hex_write(hash.bytes, sizeof hash.bytes, out + len);
    return str_of(out);
}

struct str keycache_pack(const struct principal *p, int64_t epoch,
                         char out[KEYCACHE_VALUE_MAX])
{
    int len =
        snprintf(out, KEYCACHE_VALUE_MAX, "%lld %u %u %lld ", (long long)epoch,
                 p->rate_limit, p->scopes, (long long)p->expires_at_us);

    hex_write(p->org_id.bytes, sizeof p->org_id.bytes, out + len);
    len += ID_HEX;
    out[len++] = ' ';
    hex_write(p->key_id.bytes, sizeof p->key_id.bytes, out + len);
    return str_of(out);
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_id(struct str s, struct id *out)
{
    if (s.len != ID_HEX) {
        return false;
    }
    for (size_t i = 0; i < sizeof out->bytes; i++) {
        const int high = nibble(s.data[2 * i]);
        const int low = nibble(s.data[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        out->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool read_number(struct str *rest, uint64_t max, uint64_t *out)
{
    struct str word = STR_NONE;

    return str_split(rest, ' ', &word) && str_to_u64(word, max, out);
}

bool keycache_unpack(struct str value, struct principal *out)
{
    struct principal p = {0};
    struct str org = STR_NONE;
    struct str key = STR_NONE;
    uint64_t epoch = 0;
    uint64_t limit = 0;
    uint64_t scopes = 0;
    uint64_t expires = 0;

    if (!read_number(&value, INT64_MAX, &epoch) ||
        !read_number(&value, UINT32_MAX, &limit) ||
        !read_number(&value, SCOPE_ALL, &scopes) ||
        !read_number(&value, INT64_MAX, &expires) ||
        !str_split(&value, ' ', &org) || !str_split(&value, ' ', &key) ||
        value.len > 0 || !read_id(org, &p.org_id) || !read_id(key, &p.key_id)) {
        return false;
    }
    p.rate_limit = (unsigned)limit;
    p.scopes = (unsigned)scopes;
    p.expires_at_us = (int64_t)expires;
    *out = p;
    return true;
}

/* --- revoking ------------------------------------------------------------ */

static const struct kv_script tombstone = {
    .name = "tombstone",
    .text = "local r = {}\n"
            "for i = 1, #KEYS do\n"
            "    r[i] = redis.call('SET', KEYS[i], 'X', 'PX', ARGV[i])\n"
            "end\n"
            "return r\n",
    .keys_per_item = 1,
    .args_per_item = 1,
};

/* Leave the tombstone in the life that Redis is in now. */
static bool bury(struct kv *kv, struct sha256 hash, struct err *err)
{
    char life[KV_LIFE_MAX];
    char name[KEYCACHE_NAME_MAX];
    char ttl[24];
    struct arena *arena = arena_new(256);
    struct kv_reply reply = {0};
    bool ok = false;

    (void)snprintf(ttl, sizeof ttl, "%d", TOMBSTONE_MS);
    for (int try = 0; try < LIFE_TRIES_MAX && !ok; try++) {
        const struct str arg = str_of(ttl);
        struct str key = STR_NONE;

        if (!kv_life(kv, life, err)) {
            goto out;
        }
        key = keycache_name(life, hash, name);
        if (!kv_eval(kv, &tombstone, &key, &arg, arena, &reply, err)) {
            goto out;
        }
        ok = strcmp(life, reply.life) == 0;
    }
    if (!ok) {
        (void)err_set(err, ERR_UNAVAILABLE, "redis starts again and again");
    }

out:
    arena_free(arena);
    return ok;
}

static void sleep_ms(unsigned ms)
{
    const int64_t until_us = clock_steady_us() + (int64_t)ms * US_PER_MS;
    const struct timespec until = {.tv_sec = until_us / US_PER_S,
                                   .tv_nsec = until_us % US_PER_S * 1000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
           EINTR) {
    }
}

bool keycache_revoke(struct db *db, struct kv *kv, struct id org_id,
                     struct id key_id, struct str reason,
                     const struct author *by, struct err *err)
{
    struct sha256 hash = {{0}};
    struct err ignored = ERR_NONE;

    if (!key_revoke(db, org_id, key_id, reason, by, clock_wall_us(), &hash,
                    err)) {
        return false;
    }
    if (kv != NULL && bury(kv, hash, &ignored)) {
        return true;
    }
    /* Redis can't be told; those who can reach it must not believe it. */
    if (!key_epoch_bump(db, err)) {
        return false;
    }
    sleep_ms(KEY_EPOCH_TRUST_MS);
    return true;
}

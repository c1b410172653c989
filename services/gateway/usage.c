/* Stripes of hash tables, each with its lock and its least-recently-used list.
 * A key's entry stays until the room is needed by another one. */
#include "gateway/usage.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STRIPE_COUNT 16 /* A power of two. */
#define SEARCH_MAX 32   /* Oldest entries looked at for one to forget. */

struct usage_entry {
    struct sha256 hash;
    struct id org_id;
    struct id key_id;
    int64_t used_at_us; /* Wall clock. */
    unsigned under_way;
    int64_t calls; /* Not written yet, as used_at_us. */
    int64_t limited;
    struct usage_entry *next;
    struct usage_entry *newer;
    struct usage_entry *older;
};

struct stripe {
    pthread_mutex_t lock;
    struct usage_entry **buckets;
    struct usage_entry *newest;
    struct usage_entry *oldest;
    size_t count;
};

struct usage {
    size_t max; /* Of a stripe. */
    size_t bucket_count;
    struct stripe stripes[STRIPE_COUNT];
};

struct usage *usage_new(unsigned max_keys)
{
    struct usage *u = mem_zero(1, sizeof *u);

    assert(max_keys > 0);
    u->max = (max_keys + STRIPE_COUNT - 1) / STRIPE_COUNT;
    u->bucket_count = 1;
    while (u->bucket_count < u->max) {
        u->bucket_count *= 2;
    }
    for (size_t i = 0; i < STRIPE_COUNT; i++) {
        (void)pthread_mutex_init(&u->stripes[i].lock, NULL);
        u->stripes[i].buckets =
            mem_zero(u->bucket_count, sizeof(struct usage_entry *));
    }
    return u;
}

void usage_free(struct usage *u)
{
    if (u == NULL) {
        return;
    }
    for (size_t i = 0; i < STRIPE_COUNT; i++) {
        struct stripe *s = &u->stripes[i];

        while (s->newest != NULL) {
            struct usage_entry *e = s->newest;

            s->newest = e->older;
            free(e);
        }
        free(s->buckets);
        (void)pthread_mutex_destroy(&s->lock);
    }
    free(u);
}

/* --- the table (under the stripe's lock) --------------------------------- */

/* The hash is a SHA-256: any of its bytes are well mixed. */
static struct stripe *stripe_of(struct usage *u, const struct sha256 *hash)
{
    return &u->stripes[hash->bytes[0] % STRIPE_COUNT];
}

static struct usage_entry **bucket_of(const struct usage *u, struct stripe *s,
                                      const struct sha256 *hash)
{
    uint64_t n = 0;

    memcpy(&n, hash->bytes + 8, sizeof n);
    return &s->buckets[n & (u->bucket_count - 1)];
}

static struct usage_entry *find(const struct usage *u, struct stripe *s,
                                const struct sha256 *hash)
{
    struct usage_entry *e = *bucket_of(u, s, hash);

    while (e != NULL && memcmp(&e->hash, hash, sizeof *hash) != 0) {
        e = e->next;
    }
    return e;
}

static void unlink_used(struct stripe *s, struct usage_entry *e)
{
    *(e->newer != NULL ? &e->newer->older : &s->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &s->oldest) = e->newer;
}

static void link_newest(struct stripe *s, struct usage_entry *e)
{
    e->newer = NULL;
    e->older = s->newest;
    *(s->newest != NULL ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
}

/* Make room: the oldest that nobody is in. False: there is none near. */
static bool forget_one(const struct usage *u, struct stripe *s)
{
    struct usage_entry *e = s->oldest;
    struct usage_entry **at = NULL;

    for (int i = 0; i < SEARCH_MAX && e != NULL && e->under_way > 0; i++) {
        e = e->newer;
    }
    if (e == NULL || e->under_way > 0) {
        return false;
    }
    at = bucket_of(u, s, &e->hash);
    while (*at != e) {
        at = &(*at)->next;
    }
    *at = e->next;
    unlink_used(s, e);
    s->count--;
    free(e);
    return true;
}

/* Find or make, and mark as used; NULL: there is no room. */
static struct usage_entry *touch(const struct usage *u, struct stripe *s,
                                 const struct sha256 *hash)
{
    struct usage_entry *e = find(u, s, hash);
    struct usage_entry **bucket = NULL;

    if (e != NULL) {
        unlink_used(s, e);
        link_newest(s, e);
        return e;
    }
    if (s->count >= u->max && !forget_one(u, s)) {
        return NULL;
    }
    e = mem_zero(1, sizeof *e);
    e->hash = *hash;
    bucket = bucket_of(u, s, hash);
    e->next = *bucket;
    *bucket = e;
    link_newest(s, e);
    s->count++;
    return e;
}

/* The key's entry, used by whom it belongs to now; NULL: no room. */
static struct usage_entry *note(const struct usage *u, struct stripe *s,
                                const struct sha256 *hash,
                                const struct principal *who, int64_t now_us)
{
    struct usage_entry *e = touch(u, s, hash);

    if (e != NULL) {
        e->org_id = who->org_id;
        e->key_id = who->key_id;
        e->used_at_us = now_us;
    }
    return e;
}

/* --- public -------------------------------------------------------------- */

bool usage_enter(struct usage *u, struct sha256 hash,
                 const struct principal *who, unsigned max, int64_t now_us,
                 struct usage_entry **entry)
{
    struct stripe *s = stripe_of(u, &hash);
    struct usage_entry *e = NULL;
    bool may = true;

    (void)pthread_mutex_lock(&s->lock);
    e = note(u, s, &hash, who, now_us);
    if (e != NULL) {
        e->calls++;
        may = e->under_way < max;
        e->under_way += may ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&s->lock);
    *entry = may ? e : NULL;
    return may;
}

void usage_limited(struct usage *u, struct sha256 hash,
                   const struct principal *who, int64_t now_us)
{
    struct stripe *s = stripe_of(u, &hash);
    struct usage_entry *e = NULL;

    (void)pthread_mutex_lock(&s->lock);
    e = note(u, s, &hash, who, now_us);
    if (e != NULL) {
        e->limited++;
    }
    (void)pthread_mutex_unlock(&s->lock);
}

void usage_leave(struct usage *u, struct usage_entry *entry)
{
    struct stripe *s = NULL;

    if (entry == NULL) {
        return;
    }
    s = stripe_of(u, &entry->hash); /* Never changes while somebody is in. */
    (void)pthread_mutex_lock(&s->lock);
    assert(entry->under_way > 0);
    entry->under_way--;
    (void)pthread_mutex_unlock(&s->lock);
}

bool usage_knows(struct usage *u, struct sha256 hash)
{
    struct stripe *s = stripe_of(u, &hash);
    bool known = false;

    (void)pthread_mutex_lock(&s->lock);
    known = find(u, s, &hash) != NULL;
    (void)pthread_mutex_unlock(&s->lock);
    return known;
}

size_t usage_take(struct usage *u, struct key_use *list, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < STRIPE_COUNT; i++) {
        struct stripe *s = &u->stripes[i];

        (void)pthread_mutex_lock(&s->lock);
        for (struct usage_entry *e = s->newest; e != NULL && count < max;
             e = e->older) {
            if (e->calls > 0 || e->limited > 0) {
                list[count++] = (struct key_use){
                    e->org_id, e->key_id, e->used_at_us, e->calls, e->limited};
                e->calls = 0;
                e->limited = 0;
            }
        }
        (void)pthread_mutex_unlock(&s->lock);
    }
    return count;
}

/* Rare: a look at all keys for each. */
void usage_give_back(struct usage *u, const struct key_use *list, size_t count)
{
    for (size_t i = 0; i < STRIPE_COUNT; i++) {
        struct stripe *s = &u->stripes[i];

        (void)pthread_mutex_lock(&s->lock);
        for (size_t k = 0; k < count; k++) {
            struct usage_entry *e = s->newest;

            while (e != NULL && !id_eq(e->key_id, list[k].key_id)) {
                e = e->older;
            }
            if (e != NULL) {
                e->calls += list[k].calls;
                e->limited += list[k].limited;
            }
        }
        (void)pthread_mutex_unlock(&s->lock);
    }
}

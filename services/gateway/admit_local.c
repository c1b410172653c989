/* Stripes of hash tables, each with its lock and its least-recently-used
 * list. A window is a ring of the admission times of the last 60 s. */
#include "gateway/admit_local.h"

#include "base/clock.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STRIPE_COUNT 16 /* A power of two. */
#define WINDOW_US (ADMIT_WINDOW_MS * US_PER_MS)
#define RING_MIN 16
/* Admission times kept by one stripe (8 bytes each); over it, the keys that
 * were used longest ago lose theirs. */
#define STRIPE_TIMES_MAX 262144

struct entry {
    struct sha256 hash;
    struct entry *next; /* In the bucket. */
    struct entry *newer;
    struct entry *older;
    int64_t unknown_until_us;
    int64_t silent_until_us; /* Denied without asking, */
    int64_t retry_at_us;     /* and told to come back then. */
    int64_t reset_at_us;
    struct principal principal;
    int64_t *times; /* The ring. */
    size_t cap;
    size_t head; /* The oldest. */
    size_t count;
};

struct stripe {
    pthread_mutex_t lock;
    struct entry **buckets;
    struct entry *newest;
    struct entry *oldest;
    size_t count;
    size_t times; /* Sum of all cap. */
};

struct local {
    size_t max; /* of a stripe */
    size_t bucket_count;
    struct stripe stripes[STRIPE_COUNT];
};

struct local *local_new(unsigned max_keys)
{
    struct local *l = mem_zero(1, sizeof *l);

    assert(max_keys > 0);
    l->max = (max_keys + STRIPE_COUNT - 1) / STRIPE_COUNT;
    l->bucket_count = 1;
    while (l->bucket_count < l->max) {
        l->bucket_count *= 2;
    }
    for (size_t i = 0; i < STRIPE_COUNT; i++) {
        (void)pthread_mutex_init(&l->stripes[i].lock, NULL);
        l->stripes[i].buckets =
            mem_zero(l->bucket_count, sizeof(struct entry *));
    }
    return l;
}

void local_free(struct local *l)
{
    if (l == NULL) {
        return;
    }
    for (size_t i = 0; i < STRIPE_COUNT; i++) {
        struct stripe *s = &l->stripes[i];

        while (s->newest != NULL) {
            struct entry *e = s->newest;

            s->newest = e->older;
            free(e->times);
            free(e);
        }
        free(s->buckets);
        (void)pthread_mutex_destroy(&s->lock);
    }
    free(l);
}

/* --- the table (under the stripe's lock) --------------------------------- */

/* The hash is a SHA-256: any of its bytes are well mixed. */
static struct stripe *stripe_of(struct local *l, const struct sha256 *hash)
{
    return &l->stripes[hash->bytes[0] % STRIPE_COUNT];
}

static struct entry **bucket_of(const struct local *l, struct stripe *s,
                                const struct sha256 *hash)
{
    uint64_t n = 0;

    memcpy(&n, hash->bytes + 8, sizeof n);
    return &s->buckets[n & (l->bucket_count - 1)];
}

static void unlink_used(struct stripe *s, struct entry *e)
{
    *(e->newer != NULL ? &e->newer->older : &s->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &s->oldest) = e->newer;
}

static void link_newest(struct stripe *s, struct entry *e)
{
    e->newer = NULL;
    e->older = s->newest;
    *(s->newest != NULL ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
}

static struct entry *find(const struct local *l, struct stripe *s,
                          const struct sha256 *hash)
{
    struct entry *e = *bucket_of(l, s, hash);

    while (e != NULL && memcmp(&e->hash, hash, sizeof *hash) != 0) {
        e = e->next;
    }
    return e;
}

static void forget(const struct local *l, struct stripe *s, struct entry *e)
{
    struct entry **at = bucket_of(l, s, &e->hash);

    while (*at != e) {
        at = &(*at)->next;
    }
    *at = e->next;
    unlink_used(s, e);
    s->count--;
    s->times -= e->cap;
    free(e->times);
    free(e);
}

/* Find or make, and mark as used. */
static struct entry *touch(const struct local *l, struct stripe *s,
                           const struct sha256 *hash)
{
    struct entry *e = find(l, s, hash);
    struct entry **bucket = NULL;

    if (e != NULL) {
        unlink_used(s, e);
        link_newest(s, e);
        return e;
    }
    if (s->count >= l->max) {
        forget(l, s, s->oldest);
    }
    e = mem_zero(1, sizeof *e);
    e->hash = *hash;
    bucket = bucket_of(l, s, hash);
    e->next = *bucket;
    *bucket = e;
    link_newest(s, e);
    s->count++;
    return e;
}

/* --- the ring ------------------------------------------------------------ */

static int64_t time_at(const struct entry *e, size_t i)
{
    return e->times[(e->head + i) % e->cap];
}

static void drop_expired(struct entry *e, int64_t now_us)
{
    while (e->count > 0 && now_us - time_at(e, 0) >= WINDOW_US) {
        e->head = (e->head + 1) % e->cap;
        e->count--;
    }
}

static void grow(const struct local *l, struct stripe *s, struct entry *e)
{
    const size_t cap = e->cap == 0 ? RING_MIN : e->cap * 2;
    int64_t *times = mem_new(cap * sizeof *times);

    for (size_t i = 0; i < e->count; i++) {
        times[i] = time_at(e, i);
    }
    free(e->times);
    e->times = times;
    e->head = 0;
    s->times += cap - e->cap;
    e->cap = cap;
    while (s->times > STRIPE_TIMES_MAX && s->oldest != e) {
        forget(l, s, s->oldest);
    }
}

static void add_time(const struct local *l, struct stripe *s, struct entry *e,
                     int64_t now_us)
{
    if (e->count == e->cap) {
        grow(l, s, e);
    }
    e->times[(e->head + e->count) % e->cap] = now_us;
    e->count++;
}

static int64_t up_to_ms(int64_t us)
{
    return us <= 0 ? 0 : (us + US_PER_MS - 1) / US_PER_MS;
}

/* --- public -------------------------------------------------------------- */

bool local_recall(struct local *l, struct sha256 hash, bool counted,
                  int64_t now_us, struct admission *out)
{
    struct stripe *s = stripe_of(l, &hash);
    const struct entry *e = NULL;
    bool known = false;

    (void)pthread_mutex_lock(&s->lock);
    e = find(l, s, &hash);
    if (e != NULL && now_us < e->unknown_until_us) {
        *out = (struct admission){.verdict = ADMIT_UNKNOWN};
        known = true;
    } else if (counted && e != NULL && now_us < e->silent_until_us) {
        *out = (struct admission){
            .verdict = ADMIT_LIMITED,
            .principal = e->principal,
            .limit = e->principal.rate_limit,
            .reset_ms = up_to_ms(e->reset_at_us - now_us),
            .retry_ms = up_to_ms(e->retry_at_us - now_us),
        };
        known = true;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return known;
}

void local_deny(struct local *l, struct sha256 hash,
                const struct admission *denied, int64_t asked_us,
                int64_t told_us)
{
    struct stripe *s = stripe_of(l, &hash);
    /* retry_ms was rounded up: the last part of it is not ours to deny. */
    const int64_t silent_ms =
        MIN_OF(denied->retry_ms - 1, (int64_t)DENIAL_MEMORY_MS);
    struct entry *e = NULL;

    (void)pthread_mutex_lock(&s->lock);
    e = touch(l, s, &hash);
    e->principal = denied->principal;
    e->silent_until_us = asked_us + silent_ms * US_PER_MS;
    e->retry_at_us = told_us + denied->retry_ms * US_PER_MS;
    e->reset_at_us = told_us + denied->reset_ms * US_PER_MS;
    (void)pthread_mutex_unlock(&s->lock);
}

void local_unknown(struct local *l, struct sha256 hash, int64_t now_us)
{
    struct stripe *s = stripe_of(l, &hash);

    (void)pthread_mutex_lock(&s->lock);
    touch(l, s, &hash)->unknown_until_us =
        now_us + UNKNOWN_MEMORY_MS * US_PER_MS;
    (void)pthread_mutex_unlock(&s->lock);
}

void local_admit(struct local *l, struct sha256 hash,
                 const struct principal *who, bool counted, int64_t now_us,
                 struct admission *out)
{
    struct stripe *s = stripe_of(l, &hash);
    struct admission a = {
        .principal = *who, .limit = who->rate_limit, .is_local = true};
    struct entry *e = NULL;

    (void)pthread_mutex_lock(&s->lock);
    e = touch(l, s, &hash);
    drop_expired(e, now_us);
    if (e->count >= a.limit) {
        a.verdict = ADMIT_LIMITED;
        /* The one whose leaving makes room (the limit may have shrunk). */
        a.retry_ms =
            up_to_ms(time_at(e, e->count - a.limit) + WINDOW_US - now_us);
    } else {
        a.verdict = ADMIT_YES;
        if (counted) {
            add_time(l, s, e, now_us);
        }
        a.remaining = a.limit - (unsigned)e->count;
    }
    if (e->count > 0) {
        a.reset_ms = up_to_ms(time_at(e, e->count - 1) + WINDOW_US - now_us);
    }
    (void)pthread_mutex_unlock(&s->lock);
    *out = a;
}

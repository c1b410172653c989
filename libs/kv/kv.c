/* The connections, the queue before them, and the breaker.
 *
 * As in libs/db/pool.c: everybody queues, a free connection goes to the head
 * of the queue, and who gets it takes along the items behind it that run the
 * same script (at most batch_max), so that all share one EVALSHA. A thread
 * works for others only together with its own item.
 *
 * The breaker: errors_max failed trips in a row open it; then one caller each
 * probe_ms is let through, and an answer closes it.
 *
 * Threads: the lock guards the queue, the slots and the breaker; a link
 * belongs to the thread that holds its slot. */
#include "kv/kv.h"

#include "base/clock.h"
#include "base/latch.h"
#include "kv/link.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 16
#define BATCH_MAX 256

enum told {
    TOLD_LEAD = 1, /* waiter.slot is yours, with the items behind you */
    TOLD_DONE,     /* item.ok says how */
};

struct slot {
    struct link link;
    bool is_busy;
    bool is_open; /* As it was when last given back. */
};

struct waiter {
    struct item item;
    const struct kv_script *script; /* NULL: only connect. */
    struct latch latch;
    struct slot *slot;
    struct waiter *next; /* In the queue; behind the leader. */
};

struct kv {
    struct kv_options opts;
    struct kv_url url;
    pthread_mutex_t lock;
    struct waiter *first;
    struct waiter **last;
    struct kv_stats stats;
    unsigned errors_in_row;
    struct err trouble;  /* The last of them. */
    int64_t probe_at_us; /* With the breaker open: the next one let through. */
    char life[KV_LIFE_MAX]; /* "": never connected */
    struct slot slots[];    /* opts.connections */
};

/* --- life ---------------------------------------------------------------- */

bool kv_url_check(const char *url, struct err *err)
{
    struct kv_url parts;
    bool ok = kv_url_read(url, &parts, err);

    explicit_bzero(&parts, sizeof parts);
    return ok;
}

bool kv_open(const struct kv_options *opts, struct kv **out, struct err *err)
{
    struct kv_url url = {0};
    struct kv *kv = NULL;

    assert(opts->connections >= 1 && opts->connections <= CONNECTIONS_MAX);
    assert(opts->batch_max >= 1 && opts->batch_max <= BATCH_MAX);
    assert(opts->errors_max >= 1 && opts->timeout_ms > 0);
    if (!kv_url_read(opts->url, &url, err)) {
        return false;
    }
    kv = mem_zero(1, sizeof *kv + opts->connections * sizeof(struct slot));
    kv->opts = *opts;
    kv->url = url;
    kv->last = &kv->first;
    (void)pthread_mutex_init(&kv->lock, NULL);
    for (unsigned i = 0; i < opts->connections; i++) {
        link_init(&kv->slots[i].link, &kv->opts, &kv->url);
    }
    *out = kv;
    return true;
}

void kv_close(struct kv *kv)
{
    if (kv == NULL) {
        return;
    }
    assert(kv->first == NULL);
    for (unsigned i = 0; i < kv->opts.connections; i++) {
        assert(!kv->slots[i].is_busy);
        link_close(&kv->slots[i].link);
    }
    (void)pthread_mutex_destroy(&kv->lock);
    free(kv);
}

/* --- the queue (under the lock) ------------------------------------------ */

static void push(struct kv *kv, struct waiter *w)
{
    w->next = NULL;
    *kv->last = w;
    kv->last = &w->next;
}

/* Take out the waiter that *at points to. */
static struct waiter *take(struct kv *kv, struct waiter **at)
{
    struct waiter *w = *at;

    *at = w->next;
    if (kv->last == &w->next) {
        kv->last = at;
    }
    w->next = NULL;
    return w;
}

static bool leave(struct kv *kv, struct waiter *w)
{
    for (struct waiter **at = &kv->first; *at != NULL; at = &(*at)->next) {
        if (*at == w) {
            (void)take(kv, at);
            return true;
        }
    }
    return false;
}

/* The items behind a leader that run its script. */
static struct waiter *take_followers(struct kv *kv,
                                     const struct kv_script *script)
{
    struct waiter *chain = NULL;
    struct waiter **end = &chain;
    struct waiter **at = &kv->first;

    for (unsigned n = 1; n < kv->opts.batch_max && *at != NULL;) {
        if ((*at)->script != script) {
            at = &(*at)->next;
            continue;
        }
        *end = take(kv, at);
        end = &(*end)->next;
        n++;
    }
    return chain;
}

static struct slot *free_slot(struct kv *kv)
{
    struct slot *closed = NULL;

    for (unsigned i = 0; i < kv->opts.connections; i++) {
        struct slot *s = &kv->slots[i];

        if (!s->is_busy && s->is_open) {
            return s;
        }
        if (!s->is_busy && closed == NULL) {
            closed = s;
        }
    }
    return closed;
}

static void dispatch(struct kv *kv)
{
    struct slot *slot = NULL;

    while (kv->first != NULL && (slot = free_slot(kv)) != NULL) {
        struct waiter *leader = take(kv, &kv->first);

        leader->slot = slot;
        leader->next = take_followers(kv, leader->script);
        slot->is_busy = true;
        latch_set(&leader->latch, TOLD_LEAD);
    }
}

/* --- the breaker (under the lock) ---------------------------------------- */

static bool is_broken(const struct kv *kv)
{
    return kv->errors_in_row >= kv->opts.errors_max;
}

static int64_t probe_pause_us(const struct kv *kv)
{
    return (int64_t)kv->opts.probe_ms * US_PER_MS;
}

/* May a caller try Redis now? */
static bool let_through(struct kv *kv)
{
    const int64_t now_us = clock_steady_us();

    if (!is_broken(kv)) {
        return true;
    }
    if (now_us < kv->probe_at_us) {
        return false;
    }
    kv->probe_at_us = now_us + probe_pause_us(kv);
    return true;
}

static void note(struct kv *kv, bool ok, const struct err *why)
{
    if (ok) {
        kv->errors_in_row = 0;
        return;
    }
    kv->stats.errors++;
    kv->errors_in_row++;
    kv->trouble = *why;
    if (kv->errors_in_row == kv->opts.errors_max) {
        kv->probe_at_us = clock_steady_us() + probe_pause_us(kv);
    }
}

static void refuse(struct waiter *w, const struct err *why)
{
    *w->item.err = *why;
    w->item.ok = false;
    latch_set(&w->latch, TOLD_DONE);
}

/* --- one trip ------------------------------------------------------------ */

static int32_t wait_turn(struct kv *kv, struct waiter *w)
{
    const unsigned wait_ms = kv->opts.connect_ms + 2 * kv->opts.timeout_ms;
    const int32_t told =
        latch_wait(&w->latch, clock_steady_us() + (int64_t)wait_ms * US_PER_MS);
    bool left = false;

    if (told != 0) {
        return told;
    }
    (void)pthread_mutex_lock(&kv->lock);
    left = leave(kv, w);
    (void)pthread_mutex_unlock(&kv->lock);
    if (left) {
        (void)err_set(w->item.err, ERR_UNAVAILABLE,
                      "redis: no free connection within %u ms", wait_ms);
        return TOLD_DONE;
    }
    /* Its answer is on the way: bounded by the leader's own deadlines. */
    return latch_wait(&w->latch, LATCH_FOREVER);
}

/* Give the slot back and remember how it went. With the breaker open nobody
 * is left to wait for it. */
static void give_back(struct kv *kv, struct slot *slot, bool ok, size_t count,
                      const struct err *why)
{
    (void)pthread_mutex_lock(&kv->lock);
    slot->is_busy = false;
    slot->is_open = slot->link.redis != NULL;
    if (slot->is_open) {
        memcpy(kv->life, slot->link.life, sizeof kv->life);
    }
    kv->stats.items += count;
    kv->stats.batches += count > 0 ? 1 : 0;
    note(kv, ok, why);
    while (!ok && is_broken(kv) && kv->first != NULL) {
        refuse(take(kv, &kv->first), why);
    }
    dispatch(kv);
    (void)pthread_mutex_unlock(&kv->lock);
}

static bool run_trip(struct link *link, const struct kv_script *script,
                     struct item **items, size_t count, struct err *err)
{
    if (link->redis == NULL && !link_open(link, err)) {
        return false;
    }
    return script == NULL || link_eval(link, script, items, count, err);
}

static void lead(struct kv *kv, struct waiter *w)
{
    struct item *items[BATCH_MAX];
    struct slot *slot = w->slot;
    struct waiter *next = NULL;
    struct err why = ERR_NONE;
    size_t count = 0;
    bool ok = false;

    for (struct waiter *f = w; f != NULL; f = f->next) {
        assert(count < BATCH_MAX);
        items[count++] = &f->item;
    }
    ok = run_trip(&slot->link, w->script, items, count, &why);
    for (struct waiter *f = w->next; f != NULL; f = next) {
        next = f->next; /* f is gone once it is told. */
        if (ok) {
            latch_set(&f->latch, TOLD_DONE);
        } else {
            refuse(f, &why);
        }
    }
    if (!ok) {
        *w->item.err = why;
        w->item.ok = false;
    }
    give_back(kv, slot, ok, w->script == NULL ? 0 : count, &why);
}

static bool enter(struct kv *kv, struct waiter *w)
{
    bool may = false;

    latch_init(&w->latch);
    (void)pthread_mutex_lock(&kv->lock);
    may = let_through(kv);
    if (may) {
        push(kv, w);
        dispatch(kv);
    }
    (void)pthread_mutex_unlock(&kv->lock);
    if (!may) {
        return err_set(w->item.err, ERR_UNAVAILABLE, "redis is away");
    }
    if (wait_turn(kv, w) == TOLD_LEAD) {
        lead(kv, w);
    }
    return w->item.ok;
}

/* --- public -------------------------------------------------------------- */

bool kv_eval(struct kv *kv, const struct kv_script *script,
             const struct str *keys, const struct str *args,
             struct arena *arena, struct kv_reply *reply, struct err *err)
{
    struct waiter w = {.script = script,
                       .item = {.keys = keys,
                                .args = args,
                                .arena = arena,
                                .reply = reply,
                                .err = err}};

    assert(script != NULL);
    return enter(kv, &w);
}

bool kv_life(struct kv *kv, char out[KV_LIFE_MAX], struct err *err)
{
    struct waiter w = {.item = {.err = err, .ok = true}};
    bool is_known = false;

    for (int try = 0; try < 2; try++) {
        (void)pthread_mutex_lock(&kv->lock);
        is_known = kv->life[0] != '\0';
        if (is_known) {
            memcpy(out, kv->life, sizeof kv->life);
        }
        (void)pthread_mutex_unlock(&kv->lock);
        if (is_known) {
            return true;
        }
        if (!enter(kv, &w)) {
            return false;
        }
    }
    return err_set(err, ERR_UNAVAILABLE, "redis is away");
}

bool kv_is_up(struct kv *kv)
{
    bool is_up = false;

    (void)pthread_mutex_lock(&kv->lock);
    is_up = kv->errors_in_row == 0;
    (void)pthread_mutex_unlock(&kv->lock);
    return is_up;
}

bool kv_trouble(struct kv *kv, struct err *why)
{
    bool is_away = false;

    (void)pthread_mutex_lock(&kv->lock);
    is_away = kv->errors_in_row > 0;
    if (is_away) {
        *why = kv->trouble;
    }
    (void)pthread_mutex_unlock(&kv->lock);
    return is_away;
}

struct kv_stats kv_stats(struct kv *kv)
{
    struct kv_stats stats = {0};

    (void)pthread_mutex_lock(&kv->lock);
    stats = kv->stats;
    (void)pthread_mutex_unlock(&kv->lock);
    return stats;
}

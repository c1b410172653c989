/* Stands beside match. A direct-mapped table: one place per hash, so it is
 * bounded without bookkeeping; an org that shares its place with another only
 * costs loads. */
#include "dispatcher/targets.h"

#include "base/clock.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#define SET_ARENA_BYTES 2048

struct targets {
    struct db *db;
    const struct seal_keys *keys;
    pthread_mutex_t lock;
    uint64_t generation; /* Grows with every forget: see targets_take. */
    struct target_set *places[TARGETS_ORGS_MAX];
};

struct target_set *target_set_hold(struct target_set *s)
{
    atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
    return s;
}

/* Secrets lie in the arena; they are wiped before the memory goes. */
void target_set_release(struct target_set *s)
{
    if (s == NULL || atomic_fetch_sub_explicit(&s->references, 1,
                                               memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        struct webhook_target *t = &s->list[i];
        crypt_wipe((char *)(uintptr_t)t->secret.data, t->secret.len);
        crypt_wipe((char *)(uintptr_t)t->secret_previous.data,
                   t->secret_previous.len);
        crypt_wipe((char *)(uintptr_t)t->headers.data, t->headers.len);
    }
    arena_free(s->arena);
    free(s);
}

struct targets *targets_new(struct db *db, const struct seal_keys *keys)
{
    struct targets *t = mem_zero(1, sizeof *t);

    t->db = db;
    t->keys = keys;
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void targets_free(struct targets *t)
{
    if (t == NULL) {
        return;
    }
    targets_forget_all(t);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static struct target_set **place_of(struct targets *t, struct id org_id)
{
    return &t->places[id_hash(org_id) % TARGETS_ORGS_MAX];
}

/* The cached set, held, or NULL. */
static struct target_set *look_up(struct targets *t, struct id org_id,
                                  uint64_t *generation)
{
    struct target_set *found = NULL;

    pthread_mutex_lock(&t->lock);
    struct target_set *s = *place_of(t, org_id);
    if (s != NULL && id_eq(s->org_id, org_id)) {
        found = target_set_hold(s);
    }
    *generation = t->generation;
    pthread_mutex_unlock(&t->lock);
    return found;
}

static bool load(struct targets *t, struct id org_id, struct target_set **out,
                 struct err *err)
{
    struct target_set *s = mem_zero(1, sizeof *s);
    size_t sealed_wrong = 0;

    atomic_init(&s->references, 1);
    s->org_id = org_id;
    s->arena = arena_new(SET_ARENA_BYTES);
    s->loaded_at_us = clock_steady_us();
    if (!webhook_targets(t->db, t->keys, org_id, s->arena, &s->list, &s->count,
                         &s->version, &sealed_wrong, err)) {
        if (err->code != ERR_NOT_FOUND) {
            target_set_release(s);
            return false;
        }
        /* Gone, or of another installation on the same Kafka: nobody is to be
         * told, and waiting for it would hold up everybody else. */
        s->version = INT64_MAX;
        *err = ERR_NONE;
    }
    *out = s;
    return true;
}

/* Keep it for others, unless something was forgotten while it was read: it may
 * be older than that news. */
static void keep(struct targets *t, struct target_set *s, uint64_t generation)
{
    struct target_set *old = NULL;

    pthread_mutex_lock(&t->lock);
    if (t->generation == generation) {
        struct target_set **place = place_of(t, s->org_id);
        old = *place;
        *place = target_set_hold(s);
    }
    pthread_mutex_unlock(&t->lock);
    target_set_release(old);
}

bool targets_take(struct targets *t, struct id org_id, int64_t version,
                  struct target_set **out, struct err *err)
{
    struct target_set *loaded = NULL;
    uint64_t generation = 0;

    assert(out != NULL);
    struct target_set *cached = look_up(t, org_id, &generation);
    bool is_exact = cached != NULL && cached->version >= version;
    if (is_exact &&
        clock_steady_us() - cached->loaded_at_us < TARGETS_TTL_MS * US_PER_MS) {
        *out = cached;
        return true;
    }
    if (load(t, org_id, &loaded, err)) {
        keep(t, loaded, generation);
        target_set_release(cached);
        *out = loaded;
        return true;
    }
    if (is_exact && err->code == ERR_UNAVAILABLE) {
        err_clear(err);
        *out = cached;
        return true;
    }
    target_set_release(cached);
    return false;
}

void targets_forget(struct targets *t, struct id org_id)
{
    struct target_set *old = NULL;

    pthread_mutex_lock(&t->lock);
    t->generation++;
    struct target_set **place = place_of(t, org_id);
    if (*place != NULL && id_eq((*place)->org_id, org_id)) {
        old = *place;
        *place = NULL;
    }
    pthread_mutex_unlock(&t->lock);
    target_set_release(old);
}

void targets_forget_all(struct targets *t)
{
    pthread_mutex_lock(&t->lock);
    t->generation++;
    for (size_t i = 0; i < TARGETS_ORGS_MAX; i++) {
        target_set_release(t->places[i]);
        t->places[i] = NULL;
    }
    pthread_mutex_unlock(&t->lock);
}

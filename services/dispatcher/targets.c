/* Stands beside match. A table of short rows, one per hash, so it is bounded
 * without bookkeeping; orgs that are too many for their row only cost loads
 * (with 10,000 orgs in single places seven of ten shared one). */
#include "dispatcher/targets.h"

#include "base/clock.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#define SET_ARENA_BYTES 1024
#define ROWS (TARGETS_ORGS_MAX / TARGETS_ROW)

/* The generation grows when a set that was read before is stale; what is kept
 * in the row and is not, grows with it. Written with the lock. */
struct row {
    _Atomic uint64_t generation;
    struct target_set *sets[TARGETS_ROW];
};

struct targets {
    struct db *db;
    const struct seal_keys *keys;
    pthread_mutex_t lock;
    struct row rows[ROWS];
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
        crypt_wipe((char *)(uintptr_t)t->client_pem.data, t->client_pem.len);
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

static size_t number_of(struct id org_id)
{
    return id_hash(org_id) % ROWS;
}

/* Where the org's set is; NULL: nowhere. */
static struct target_set **find(struct targets *t, struct id org_id)
{
    struct target_set **row = t->rows[number_of(org_id)].sets;

    for (size_t i = 0; i < TARGETS_ROW; i++) {
        if (row[i] != NULL && id_eq(row[i]->org_id, org_id)) {
            return &row[i];
        }
    }
    return NULL;
}

/* Where the org's set is, or may be put. */
static struct target_set **place_of(struct targets *t, struct id org_id)
{
    struct target_set **row = t->rows[number_of(org_id)].sets;
    struct target_set **place = find(t, org_id);

    if (place != NULL) {
        return place;
    }
    place = row;
    for (size_t i = 0; i < TARGETS_ROW && *place != NULL; i++) {
        if (row[i] == NULL || row[i]->loaded_at_us < (*place)->loaded_at_us) {
            place = &row[i];
        }
    }
    return place;
}

bool targets_are_stale(const struct targets *t, const struct target_set *s)
{
    return atomic_load(&t->rows[number_of(s->org_id)].generation) !=
           atomic_load(&s->generation);
}

/* The cached set, held, or NULL. */
static struct target_set *look_up(struct targets *t, struct id org_id,
                                  uint64_t *generation)
{
    struct target_set *found = NULL;

    pthread_mutex_lock(&t->lock);
    struct target_set **place = find(t, org_id);
    if (place != NULL) {
        found = target_set_hold(*place);
    }
    *generation = atomic_load(&t->rows[number_of(org_id)].generation);
    pthread_mutex_unlock(&t->lock);
    return found;
}

struct target_set *targets_peek(struct targets *t, struct id org_id)
{
    uint64_t generation = 0;
    struct target_set *s = look_up(t, org_id, &generation);

    if (s != NULL && s->generation != generation) {
        target_set_release(s);
        return NULL;
    }
    return s;
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

/* With the lock. Whoever holds a set that is not kept any more will find it
 * stale. */
static uint64_t age(struct row *row)
{
    uint64_t next = atomic_fetch_add(&row->generation, 1) + 1;

    for (size_t i = 0; i < TARGETS_ROW; i++) {
        if (row->sets[i] != NULL) {
            atomic_store(&row->sets[i]->generation, next);
        }
    }
    return next;
}

/* Keep it for others, unless something was forgotten while it was read: it may
 * be older than that news. */
static void keep(struct targets *t, struct target_set *s, uint64_t generation)
{
    struct row *row = &t->rows[number_of(s->org_id)];
    struct target_set *old = NULL;

    atomic_store(&s->generation, generation);
    pthread_mutex_lock(&t->lock);
    if (atomic_load(&row->generation) == generation) {
        struct target_set **place = place_of(t, s->org_id);
        old = *place;
        *place = target_set_hold(s);
        if (old != NULL && id_eq(old->org_id, s->org_id) &&
            old->version != s->version) {
            (void)age(row);
        }
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

/* With the lock. The org's set, no longer kept, is the caller's. */
static struct target_set *take_out(struct targets *t, struct id org_id)
{
    struct target_set **place = find(t, org_id);
    struct target_set *old = NULL;

    if (place != NULL) {
        old = *place;
        *place = NULL;
    }
    return old;
}

/* Nobody has it yet: what is read here may replace what is kept, unless another
 * did so meanwhile, with what may be older or later. */
void targets_forget(struct targets *t, struct id org_id)
{
    struct row *row = &t->rows[number_of(org_id)];
    struct target_set *loaded = NULL;
    struct err err = ERR_NONE;
    uint64_t generation = 0;
    struct target_set *cached = look_up(t, org_id, &generation);

    if (cached != NULL && !load(t, org_id, &loaded, &err)) {
        loaded = NULL; /* Who needs it next waits for PostgreSQL. */
    }
    pthread_mutex_lock(&t->lock);
    struct target_set *old = take_out(t, org_id);
    uint64_t now = age(row);
    if (loaded != NULL && now == generation + 1) {
        struct target_set **place = place_of(t, org_id);
        struct target_set *other = *place;
        atomic_store(&loaded->generation, now);
        *place = target_set_hold(loaded);
        target_set_release(other);
    }
    pthread_mutex_unlock(&t->lock);
    target_set_release(cached);
    target_set_release(loaded);
    target_set_release(old);
}

void targets_forget_all(struct targets *t)
{
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t k = 0; k < TARGETS_ROW; k++) {
            target_set_release(t->rows[i].sets[k]);
            t->rows[i].sets[k] = NULL;
        }
        (void)age(&t->rows[i]);
    }
    pthread_mutex_unlock(&t->lock);
}

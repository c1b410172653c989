/* Stands beside the claim: what it passes over, and gets back. */
#include "dispatcher/room.h"

#include "dispatcher/worker.h"

#include "base/clock.h"
#include "base/macros.h"

#include <stdlib.h>
#include <string.h>

#define RELEASES_MAX 32        /* Statements of one look. */
#define SEEKERS_MAX 64         /* Webhooks found at once, */
#define SEEK_US (5 * US_PER_S) /* so often. */

/* --- shares --------------------------------------------------------------- */

static bool is_sated(const struct dispatcher *d, struct id org_id)
{
    return !load_has_claims(&d->load, org_id);
}

bool room_has_sated(const struct room *r)
{
    return r->sated_count > 0;
}

static void note_sated(struct room *r, const struct dispatcher *d,
                       struct id org_id)
{
    for (size_t i = 0; i < r->sated_count; i++) {
        if (id_eq(r->sated[i], org_id)) {
            return;
        }
    }
    if (r->sated_count < ROOM_SATED_MAX && is_sated(d, org_id)) {
        r->sated[r->sated_count++] = org_id;
    }
}

/* --- lists of webhooks ---------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct webhook_key));
}

static bool is_full(const struct room *r, const struct webhook_key *key)
{
    return bsearch(key, r->full, r->full_count, sizeof *key, compare) != NULL;
}

/* All webhooks of an organization that has enough are as if they were full. */
static bool add_sated(struct room *r, struct dispatcher *d, struct err *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->sated_count; i++) {
        struct id org_id = r->sated[i];
        struct target_set *set = NULL;
        if (!is_sated(d, org_id)) {
            continue;
        }
        if (!targets_take(d->targets, org_id, 0, &set, err)) {
            return false;
        }
        for (size_t k = 0; k < set->count && r->full_count < ROOM_FULL_MAX;
             k++) {
            r->full[r->full_count++] =
                (struct webhook_key){org_id, set->list[k].id};
        }
        target_set_release(set);
        r->sated[kept++] = org_id;
    }
    r->sated_count = kept;
    return true;
}

static bool find_full(struct room *r, struct dispatcher *d, struct err *err)
{
    r->full_count = workers_full(d->workers, r->full, ROOM_FULL_MAX);
    if (!add_sated(r, d, err)) {
        return false;
    }
    qsort(r->full, r->full_count, sizeof *r->full, compare);
    for (size_t i = 0; i < r->full_count; i++) {
        r->full_ids[i] = r->full[i].webhook_id;
    }
    return true;
}

/* --- those that waited ---------------------------------------------------- */

/* A portion, or as much of it as may be; *count is how many there were. */
static bool release(struct dispatcher *d, struct waiter *w, int64_t now_us,
                    size_t max, size_t *count, struct err *err)
{
    const size_t portion = MIN_OF(w->portion, max);

    if (!delivery_room(d->db, w->key, now_us, portion, count, err)) {
        return false;
    }
    w->portion = *count < portion ? 0
                                  : MIN_OF(w->portion * ROOM_GROWTH,
                                           (size_t)ROOM_PORTION_MAX);
    return true;
}

static void forget_empty(struct room *r)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->waited_count; i++) {
        if (r->waited[i].portion > 0) {
            r->waited[kept++] = r->waited[i];
        }
    }
    r->waited_count = kept;
}

/* The first behind the one that was served last. */
static size_t next_place(const struct room *r)
{
    size_t at = 0;

    while (at < r->waited_count &&
           compare(&r->waited[at].key, &r->served) <= 0) {
        at++;
    }
    return at;
}

/* A few; *is_more: of others, or of the same. */
static bool release_all(struct room *r, struct dispatcher *d, size_t max,
                        bool *is_more, struct err *err)
{
    const int64_t now_us = clock_wall_us();
    const size_t first = next_place(r);
    size_t released = 0;
    bool ok = true;

    for (size_t i = 0; ok && i < r->waited_count; i++) {
        struct waiter *w = &r->waited[(first + i) % r->waited_count];
        size_t count = 0;
        if (is_full(r, &w->key)) {
            w->portion = ROOM_PORTION;
            continue;
        }
        if (released < RELEASES_MAX && max > 0) {
            ok = release(d, w, now_us, max, &count, err);
            r->served = w->key;
            released++;
            max -= MIN_OF(count, max);
        }
        *is_more = *is_more || w->portion > 0;
    }
    forget_empty(r);
    return ok;
}

/* Both are sorted, and so is what they become. */
static void remember(struct room *r, const struct webhook_key *list,
                     size_t count)
{
    size_t had = r->waited_count;

    for (size_t i = 0; i < count && r->waited_count < ROOM_FULL_MAX; i++) {
        if (bsearch(&list[i], r->waited, had, sizeof *r->waited, compare) ==
            NULL) {
            r->waited[r->waited_count++] =
                (struct waiter){list[i], ROOM_PORTION};
        }
    }
    qsort(r->waited, r->waited_count, sizeof *r->waited, compare);
}

/* A round through all of them, so many each time. */
static bool seek(struct room *r, struct dispatcher *d, struct err *err)
{
    const int64_t now_us = clock_steady_us();
    struct webhook_key found[SEEKERS_MAX];
    size_t count = 0;

    if (now_us < r->seek_at_us) {
        return true;
    }
    if (!delivery_room_seekers(d->db, r->seeker, SEEKERS_MAX, found, &count,
                               err)) {
        return false;
    }
    remember(r, found, count);
    r->seeker = count == SEEKERS_MAX ? found[count - 1]
                                     : (struct webhook_key){{{0}}, {{0}}};
    r->seek_at_us = now_us + SEEK_US;
    return true;
}

bool room_look(struct room *r, struct dispatcher *d, size_t max, bool *is_more,
               struct err *err)
{
    *is_more = false;
    return find_full(r, d, err) && seek(r, d, err) &&
           release_all(r, d, max, is_more, err);
}

void room_note(struct room *r, const struct dispatcher *d,
               const struct delivery_claimed *claimed)
{
    if (claimed->put_off > 0) {
        remember(r, r->full, r->full_count);
    }
    for (size_t i = 0; i < claimed->count; i++) {
        note_sated(r, d, claimed->rows[i].org_id);
    }
}

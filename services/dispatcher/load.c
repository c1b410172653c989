/* Beside the road: everybody who makes or frees a job or a body counts here. */
#include "dispatcher/load.h"

#include "base/macros.h"

#include <string.h>

void load_init(struct load *l, size_t jobs_max, size_t bytes_max)
{
    memset(l, 0, sizeof *l);
    l->jobs_max = jobs_max;
    l->claims_max = MAX_OF(jobs_max / LOAD_CLAIMS_PART, 1);
    l->bytes_max = bytes_max;
}

static size_t place_of(struct id org_id)
{
    return id_hash(org_id) % LOAD_PLACES;
}

void load_add_job(struct load *l, struct id org_id, bool is_claimed)
{
    const size_t at = place_of(org_id);

    atomic_fetch_add(&l->jobs, 1);
    atomic_fetch_add(&l->jobs_of[at], 1);
    if (is_claimed) {
        atomic_fetch_add(&l->claims, 1);
        atomic_fetch_add(&l->claims_of[at], 1);
    }
}

void load_drop_job(struct load *l, struct id org_id, bool is_claimed)
{
    const size_t at = place_of(org_id);

    atomic_fetch_sub(&l->jobs, 1);
    atomic_fetch_sub(&l->jobs_of[at], 1);
    if (is_claimed) {
        atomic_fetch_sub(&l->claims, 1);
        atomic_fetch_sub(&l->claims_of[at], 1);
    }
}

void load_add_bytes(struct load *l, struct id org_id, size_t count)
{
    atomic_fetch_add(&l->bytes, count);
    atomic_fetch_add(&l->bytes_of[place_of(org_id)], count);
}

void load_drop_bytes(struct load *l, struct id org_id, size_t count)
{
    atomic_fetch_sub(&l->bytes, count);
    atomic_fetch_sub(&l->bytes_of[place_of(org_id)], count);
}

/* --- shares --------------------------------------------------------------- */

static size_t left_of(size_t max, size_t taken)
{
    return max > taken ? max - taken : 0;
}

static size_t jobs_left(const struct load *l)
{
    return left_of(l->jobs_max, atomic_load(&l->jobs));
}

static size_t bytes_left(const struct load *l)
{
    return left_of(l->bytes_max, atomic_load(&l->bytes));
}

bool load_is_full(const struct load *l)
{
    return jobs_left(l) == 0 || bytes_left(l) == 0;
}

static bool has_bytes(const struct load *l, struct id org_id)
{
    return atomic_load(&l->bytes_of[place_of(org_id)]) <
           bytes_left(l) * LOAD_SHARE;
}

bool load_has_room(const struct load *l, struct id org_id)
{
    return atomic_load(&l->jobs_of[place_of(org_id)]) <
               jobs_left(l) * LOAD_SHARE &&
           has_bytes(l, org_id);
}

bool load_has_claims(const struct load *l, struct id org_id)
{
    return atomic_load(&l->claims_of[place_of(org_id)]) <
               left_of(l->claims_max, atomic_load(&l->claims)) &&
           has_bytes(l, org_id);
}

size_t load_claims_left(const struct load *l)
{
    const size_t left = left_of(l->claims_max, atomic_load(&l->claims));

    if (left == 0 || load_is_full(l)) {
        return 0;
    }
    return MIN_OF(MAX_OF(left / 2, 1), jobs_left(l));
}

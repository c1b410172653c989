/* Stands inside the lanes. For each class a ring of organizations, for each of
 * these a ring of lanes. A lane that changes its class while it waits is put
 * right when its turn comes. */
#include "dispatcher/turns.h"

#include "base/err.h"
#include "base/macros.h"

#include <assert.h>
#include <stdlib.h>

#define BUCKETS 1024

struct ring {
    struct turn *first;
    struct turn *last;
};

/* An organization in one class. */
struct seat {
    struct org_turns *next;
    bool is_waiting;
    struct ring lanes;
    size_t active;
    size_t owes; /* Turns that others have before its next one. */
};

struct org_turns {
    struct org_turns *bucket_next;
    struct id org_id;
    size_t lanes; /* That have joined. */
    size_t active;
    struct seat seats[TURN_CLASSES];
};

struct org_ring {
    struct org_turns *first;
    struct org_turns *last;
};

struct turns {
    size_t slots_of_org;
    size_t slots_unsure; /* Of NEW and ILL together. */
    size_t slots[TURN_CLASSES];
    size_t active[TURN_CLASSES];
    enum turn_class first; /* To be asked first the next time. */
    struct org_ring rings[TURN_CLASSES];
    struct org_turns *buckets[BUCKETS];
};

struct turns *turns_new(size_t slots)
{
    struct turns *t = mem_zero(1, sizeof *t);

    assert(slots > 0);
    t->slots_of_org = MAX_OF(slots * 3 / 4, 1);
    t->slots_unsure = slots - slots / 8;
    t->slots[TURN_WELL] = slots;
    t->slots[TURN_NEW] = MAX_OF(slots / 2, 1);
    t->slots[TURN_ILL] = MAX_OF(slots / 4, 1);
    return t;
}

void turns_free(struct turns *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        while (t->buckets[i] != NULL) {
            struct org_turns *org = t->buckets[i];
            t->buckets[i] = org->bucket_next;
            free(org);
        }
    }
    free(t);
}

/* --- organizations -------------------------------------------------------- */

static struct org_turns **place_of(struct turns *t, struct id org_id)
{
    struct org_turns **at = &t->buckets[id_hash(org_id) % BUCKETS];

    while (*at != NULL && !id_eq((*at)->org_id, org_id)) {
        at = &(*at)->bucket_next;
    }
    return at;
}

void turns_join(struct turns *t, struct turn *one, struct id org_id)
{
    struct org_turns **at = place_of(t, org_id);

    if (*at == NULL) {
        *at = mem_zero(1, sizeof **at);
        (*at)->org_id = org_id;
    }
    one->org = *at;
    one->org->lanes++;
}

struct id turns_org(const struct turn *one)
{
    return one->org->org_id;
}

void turns_part(struct turns *t, struct turn *one)
{
    struct org_turns *org = one->org;

    assert(!one->is_waiting && one->active == 0);
    one->org = NULL;
    if (--org->lanes > 0) {
        return;
    }
    assert(org->active == 0);
    struct org_turns **at = place_of(t, org->org_id);
    *at = org->bucket_next;
    free(org);
}

/* --- slots ---------------------------------------------------------------- */

/* May one more of this class begin? A newcomer that says nothing turns ill with
 * its slot: so the two have a bound together as well. */
static bool is_open(const struct turns *t, enum turn_class class)
{
    return t->active[class] < t->slots[class] &&
           (class == TURN_WELL ||
            t->active[TURN_NEW] + t->active[TURN_ILL] < t->slots_unsure);
}

/* May one more of the organization's? Of the slots of those that may sit on
 * them it gets half. */
static bool is_open_to(const struct turns *t, const struct org_turns *org,
                       enum turn_class class)
{
    const struct seat *seats = org->seats;

    if (class != TURN_WELL &&
        (seats[class].active >= MAX_OF(t->slots[class] / 2, 1) ||
         seats[TURN_NEW].active + seats[TURN_ILL].active >=
             MAX_OF(t->slots_unsure / 2, 1))) {
        return false;
    }
    return org->active < t->slots_of_org;
}

/* --- rings ---------------------------------------------------------------- */

static void org_wait(struct turns *t, struct org_turns *org,
                     enum turn_class class)
{
    struct seat *seat = &org->seats[class];
    struct org_ring *ring = &t->rings[class];

    if (seat->is_waiting || seat->lanes.first == NULL ||
        !is_open_to(t, org, class)) {
        return;
    }
    seat->is_waiting = true;
    seat->next = NULL;
    if (ring->last == NULL) {
        ring->first = org;
    } else {
        ring->last->seats[class].next = org;
    }
    ring->last = org;
}

static void org_wait_again(struct turns *t, struct org_turns *org)
{
    for (unsigned class = 0; class < TURN_CLASSES; class ++) {
        org_wait(t, org, class);
    }
}

static struct org_turns *org_take(struct turns *t, enum turn_class class)
{
    struct org_ring *ring = &t->rings[class];
    struct org_turns *org = ring->first;

    if (org == NULL) {
        return NULL;
    }
    ring->first = org->seats[class].next;
    if (ring->first == NULL) {
        ring->last = NULL;
    }
    org->seats[class].is_waiting = false;
    return org;
}

void turns_wait(struct turns *t, struct turn *one)
{
    struct seat *seat = &one->org->seats[one->class];
    struct ring *ring = &seat->lanes;

    if (one->is_waiting) {
        return;
    }
    if (seat->active == 0 && ring->first == NULL) {
        seat->owes = 0; /* It was idle: that is forgotten. */
    }
    one->is_waiting = true;
    one->ring = one->class;
    one->next = NULL;
    if (ring->last == NULL) {
        ring->first = one;
    } else {
        ring->last->next = one;
    }
    ring->last = one;
    org_wait(t, one->org, one->class);
}

static struct turn *lane_take(struct org_turns *org, enum turn_class class)
{
    struct ring *ring = &org->seats[class].lanes;
    struct turn *one = ring->first;

    assert(one != NULL);
    ring->first = one->next;
    if (ring->first == NULL) {
        ring->last = NULL;
    }
    one->is_waiting = false;
    return one;
}

/* Its turn goes to pay for what it sent, if others wait for theirs. */
static bool pays(struct turns *t, struct org_turns *org, enum turn_class class)
{
    struct seat *seat = &org->seats[class];

    if (seat->owes == 0 || t->rings[class].first == NULL) {
        seat->owes = 0;
        return false;
    }
    seat->owes--;
    org_wait(t, org, class);
    return true;
}

/* The next of this class. One that has left the class meanwhile goes to its
 * own, so that this ends. */
static struct turn *next_of(struct turns *t, enum turn_class class)
{
    struct org_turns *org = NULL;

    while (is_open(t, class) && (org = org_take(t, class)) != NULL) {
        if (!is_open_to(t, org, class)) {
            continue; /* turns_end or turns_move lets it wait again. */
        }
        if (pays(t, org, class)) {
            continue;
        }
        struct turn *one = lane_take(org, class);
        org_wait(t, org, class);
        if (one->class == class) {
            return one;
        }
        turns_wait(t, one);
    }
    return NULL;
}

struct turn *turns_next(struct turns *t)
{
    for (unsigned i = 0; i < TURN_CLASSES; i++) {
        enum turn_class class = (t->first + i) % TURN_CLASSES;
        struct turn *one = next_of(t, class);
        if (one != NULL) {
            t->first = (class + 1) % TURN_CLASSES;
            return one;
        }
    }
    return NULL;
}

/* --- what is under way ---------------------------------------------------- */

void turns_begin(struct turns *t, struct turn *one, size_t bytes)
{
    struct seat *seat = &one->org->seats[one->class];

    one->active++;
    one->org->active++;
    seat->active++;
    seat->owes += bytes == 0 ? 0 : (bytes - 1) / TURN_BYTES;
    seat->owes = MIN_OF(seat->owes, (size_t)TURNS_OWED_MAX);
    t->active[one->class]++;
}

void turns_end(struct turns *t, struct turn *one)
{
    assert(one->active > 0);
    one->active--;
    one->org->active--;
    one->org->seats[one->class].active--;
    t->active[one->class]--;
    org_wait_again(t, one->org);
}

void turns_move(struct turns *t, struct turn *one, enum turn_class class)
{
    struct seat *seats = one->org->seats;

    t->active[one->class] -= one->active;
    seats[one->class].active -= one->active;
    t->active[class] += one->active;
    seats[class].active += one->active;
    one->class = class;
    org_wait_again(t, one->org);
}

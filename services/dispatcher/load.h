/* What is in memory: how many deliveries, how many bytes of their bodies, and
 * of whom. Both are bounded, and shared so that nobody takes what is left:
 * intake stops when all is taken, and everybody waits then. Thread-safe after
 * load_init. */
#ifndef PORTER_DISPATCHER_LOAD_H
#define PORTER_DISPATCHER_LOAD_H

#include "base/id.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Organizations are counted by hash: who shares a place with another shares
 * what it may. */
#define LOAD_PLACES 4096
#define LOAD_SHARE 3 /* See load_has_room. */
#define LOAD_CLAIMS_PART                                                       \
    4 /* Claimed rows have a part of it: the rest is for                       \
       * new events. */

struct load {
    size_t jobs_max; /* PORTER_IN_FLIGHT_MAX */
    size_t claims_max;
    size_t bytes_max; /* PORTER_IN_FLIGHT_BYTES */
    _Atomic size_t jobs;
    _Atomic size_t claims; /* Of these: made by retry. */
    _Atomic size_t bytes;  /* Of bodies: those of an event are there once. */
    _Atomic size_t jobs_of[LOAD_PLACES];
    _Atomic size_t claims_of[LOAD_PLACES];
    _Atomic size_t bytes_of[LOAD_PLACES];
};

void load_init(struct load *l, size_t jobs_max, size_t bytes_max);

void load_add_job(struct load *l, struct id org_id, bool is_claimed);
void load_drop_job(struct load *l, struct id org_id, bool is_claimed);
void load_add_bytes(struct load *l, struct id org_id, size_t count);
void load_drop_bytes(struct load *l, struct id org_id, size_t count);

/* Is all of it taken? */
bool load_is_full(const struct load *l);

/* May an organization have one more? Not while it has more than LOAD_SHARE
 * times of what is free, of jobs or of bytes: so nobody ever takes what is
 * left, and one alone gets three quarters. */
bool load_has_room(const struct load *l, struct id org_id);

/* The same for claimed jobs; none gets more of them than is free: a half. */
bool load_has_claims(const struct load *l, struct id org_id);

/* How many more may be claimed at once: half of what is left, as all may be of
 * one organization. 0: none for now. */
size_t load_claims_left(const struct load *l);

#endif

/* Guessing keys, slowed per client address before it reaches PostgreSQL.
 *
 * An address may have so many unknown keys looked up per minute; over that it
 * waits. IPv6 addresses count by their /64. In bounded memory: the address that
 * has recovered most is forgotten first. Time is a parameter. Thread-safe. */
#ifndef PORTER_GATEWAY_GUESS_H
#define PORTER_GATEWAY_GUESS_H

#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct guess;

/* per_minute 0: nobody is slowed. */
struct guess *guess_new(unsigned per_minute);
void guess_free(struct guess *g); /* Accepts NULL. */

/* What an address counts as: the /64 of IPv6, all of IPv4 (also when it is
 * written as IPv6); whatever else shares one. */
struct guess_address {
    uint8_t bytes[8];
};
struct guess_address guess_address(struct str remote);

/* May this address have a key looked up? False: *retry_ms says when. */
MUST_USE bool guess_take(struct guess *g, struct str remote, int64_t now_us,
                         int64_t *retry_ms);
/* It was no guess: the key is there. */
void guess_give(struct guess *g, struct str remote);

#endif

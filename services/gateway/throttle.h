/* How often something may be tried by somebody: so many at once, then one each
 * interval. Exact, and shared by all gateways, in Redis; without it each counts
 * for itself, in bounded memory. Thread-safe. */
#ifndef PORTER_GATEWAY_THROTTLE_H
#define PORTER_GATEWAY_THROTTLE_H

#include "base/arena.h"
#include "base/macros.h"
#include "kv/kv.h"

#include <stdbool.h>
#include <stdint.h>

struct throttle;

struct throttle_rule {
    const char *name; /* Short: part of names in Redis. */
    unsigned burst;   /* At once, by somebody who has not tried for long. */
    unsigned every_ms;
};

struct throttle *throttle_new(struct kv *kv);
void throttle_free(struct throttle *t); /* Accepts NULL. */

/* Count one try. False: it is one too many; *retry_ms says when one will not
 * be. Only a hash of `who` is kept. */
MUST_USE bool throttle_take(struct throttle *t,
                            const struct throttle_rule *rule, struct str who,
                            struct arena *arena, int64_t *retry_ms);
/* It shall not count after all. */
void throttle_give(struct throttle *t, const struct throttle_rule *rule,
                   struct str who, struct arena *arena);

/* The arithmetic. `until_us` is when one who tried then is as if he never had
 * (0: never tried); moved on by a try that may be, else *wait_us is set. Pure.
 */
MUST_USE bool throttle_move(int64_t *until_us, const struct throttle_rule *rule,
                            int64_t now_us, int64_t *wait_us);

#endif

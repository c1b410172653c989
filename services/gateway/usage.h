/* What this process knows of the keys it let in: when each was last used, how
 * often since that was last written, and how many requests of each are under
 * way. In bounded memory; never that a key is good. Thread-safe. */
#ifndef PORTER_GATEWAY_USAGE_H
#define PORTER_GATEWAY_USAGE_H

#include "base/macros.h"
#include "crypt/crypt.h"
#include "store/key.h"

#include <stdbool.h>

struct usage;
struct usage_entry;

/* max_keys is rounded up to a multiple of the number of stripes. With all of
 * them under way a further key is not counted. */
struct usage *usage_new(unsigned max_keys);
void usage_free(struct usage *u); /* Accepts NULL. */

/* The key was let in. False: `max` of its requests are under way already.
 * *entry (NULL: not counted) is for usage_leave. */
MUST_USE bool usage_enter(struct usage *u, struct sha256 hash,
                          const struct principal *who, unsigned max,
                          int64_t now_us, struct usage_entry **entry);
/* The key was refused for its limit. */
void usage_limited(struct usage *u, struct sha256 hash,
                   const struct principal *who, int64_t now_us);
void usage_leave(struct usage *u, struct usage_entry *entry);

/* Was this key let in before, as far as anybody here remembers? */
bool usage_knows(struct usage *u, struct sha256 hash);

/* Keys that were used or refused since they were last taken, and how often; at
 * most `max` of them. */
size_t usage_take(struct usage *u, struct key_use *list, size_t max);
/* They could not be written: they are due again. */
void usage_give_back(struct usage *u, const struct key_use *list, size_t count);

#endif

/* What one gateway process remembers of keys, in bounded memory.
 *
 * Never that a key is good: only that it was over its limit a second ago, that
 * it was unknown a second ago, and (while Redis is away) when it was
 * admitted. The least recently used key is forgotten first. Time is a
 * parameter (clock_steady_us). Thread-safe. */
#ifndef PORTER_GATEWAY_ADMIT_LOCAL_H
#define PORTER_GATEWAY_ADMIT_LOCAL_H

#include "gateway/admit.h"

/* An unknown key is asked for in PostgreSQL at most so often. A key that is
 * made waits as long only if it was tried before it was there. */
#define UNKNOWN_MEMORY_MS 1000

/* Redis is asked about a key over its limit at most so often: it may have been
 * revoked, which is 401 then and no longer 429. */
#define DENIAL_MEMORY_MS 1000

struct local;

/* max_keys is rounded up to a multiple of the number of stripes. */
struct local *local_new(unsigned max_keys);
void local_free(struct local *l); /* Accepts NULL. */

/* True: `out` is the answer, nobody needs to be asked. A denial refuses counted
 * calls only: to others it would say that the key is good. */
bool local_recall(struct local *l, struct sha256 hash, bool counted,
                  int64_t now_us, struct admission *out);

/* Redis denied: asked at asked_us, answered at told_us. Silence (at most
 * DENIAL_MEMORY_MS) lasts from the former (Redis decides the moment), what
 * clients are told from the latter (never too short). */
void local_deny(struct local *l, struct sha256 hash,
                const struct admission *denied, int64_t asked_us,
                int64_t told_us);

void local_unknown(struct local *l, struct sha256 hash, int64_t now_us);

/* The exact sliding window of this process. Fills all of *out. */
void local_admit(struct local *l, struct sha256 hash,
                 const struct principal *who, bool counted, int64_t now_us,
                 struct admission *out);

#endif

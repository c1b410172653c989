/* The shared key cache in Redis and the one thing that must never go wrong
 * with it: a revoked key is refused from the moment the revoke is answered.
 *
 * `k:<life>:<hash>` holds a packed principal for KEY_CACHE_MS, or the tombstone
 * "X" that a revoke leaves for TOMBSTONE_MS.
 * - A tombstone is never overwritten: a fill that was under way loses.
 * - <life> is the Redis server's run id: what an earlier life wrote (a restart
 *   from an old snapshot) is never read.
 * - A principal carries the <epoch> that its reader knew before it read
 *   PostgreSQL; one of an older epoch than the gateway's own is a miss. A
 *   revoke that can't write the tombstone bumps the epoch in PostgreSQL and
 *   waits KEY_EPOCH_TRUST_MS: by then every gateway uses the new epoch, or has
 *   stopped to trust the cache because it could not read it. */
#ifndef PORTER_STORE_KEYCACHE_H
#define PORTER_STORE_KEYCACHE_H

#include "db/db.h"
#include "kv/kv.h"
#include "store/key.h"

#define KEY_CACHE_MS 60000
#define TOMBSTONE_MS 86400000
#define KEY_EPOCH_TRUST_MS 2000

/* Revoke: row, then tombstone or epoch. Answers when no gateway admits the key
 * any more. kv may be NULL (no Redis known). */
MUST_USE bool keycache_revoke(struct db *db, struct kv *kv, struct id org_id,
                              struct id key_id, struct str reason,
                              const struct author *by, struct err *err);

/* The name of a cache entry. */
#define KEYCACHE_NAME_MAX 96
struct str keycache_name(const char *life, struct sha256 hash,
                         char out[KEYCACHE_NAME_MAX]);

/* A principal as the cache's value, and back (false: not ours):
 * "<epoch> <rate limit> <scopes> <expires us> <org> <key>", ids in hex.
 * admit.lua reads the first two. */
#define KEYCACHE_VALUE_MAX 160
struct str keycache_pack(const struct principal *p, int64_t epoch,
                         char out[KEYCACHE_VALUE_MAX]);
MUST_USE bool keycache_unpack(struct str value, struct principal *out);

#endif

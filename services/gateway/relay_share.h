/* Which shards this relay owns: a fair share of all of them.
 *
 * Every relay holds one shared "presence" lock, so each can count the others
 * without talking to them, and takes or gives back shards until it has
 * ceil(shards / relays). A shard that is given back is announced on
 * OUTBOX_CHANNEL, so that who lacks one looks at once. */
#ifndef PORTER_GATEWAY_RELAY_SHARE_H
#define PORTER_GATEWAY_RELAY_SHARE_H

#include "base/err.h"
#include "base/macros.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

struct share {
    unsigned owned;  /* Bits. */
    unsigned relays; /* As last counted. */
    int64_t done_at_us;
    bool is_wanted; /* Somebody has given shards back. */
};

/* A new session owns nothing. */
void share_forget(struct share *s);

bool share_is_due(const struct share *s, int64_t now_us);

/* Count the relays. */
MUST_USE bool share_count(struct share *s, struct db_session *session,
                          int64_t now_us, struct err *err);

/* Does it own more than its share, as last counted? Then whoever calls
 * share_move has nothing under way in any shard. */
bool share_is_too_much(const struct share *s);

/* Give back what is too much, take what is free. */
MUST_USE bool share_move(struct share *s, struct db_session *session,
                         struct err *err);

/* Shards (bits) were named on the channel: is one of them what we lack? */
void share_hear(struct share *s, unsigned shards);

/* The owned shards as outbox_turn wants them; `of` limits them (bits). */
size_t share_list(const struct share *s, unsigned of, int64_t *out);

#endif

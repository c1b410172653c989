/* Sharing the shards out. */
#include "gateway/relay_share.h"

#include "base/clock.h"
#include "base/random.h"
#include "gateway/relay.h"
#include "store/event.h"
#include "store/outbox.h"

#include <assert.h>

#define SHARE_SOON_MS 200 /* When we lack shards and hear of some. */

static unsigned bits_count(unsigned bits)
{
    return (unsigned)__builtin_popcount(bits);
}

static unsigned fair_count(const struct share *s)
{
    return (OUTBOX_SHARDS + s->relays - 1) / s->relays;
}

void share_forget(struct share *s)
{
    *s = (struct share){.relays = 1};
}

bool share_is_due(const struct share *s, int64_t now_us)
{
    int64_t pause_ms = s->is_wanted ? SHARE_SOON_MS : RELAY_SHARE_MS;

    return s->done_at_us == 0 || now_us - s->done_at_us >= pause_ms * US_PER_MS;
}

/* From the highest down; the others are told at once. */
static bool give_back(struct share *s, struct db_session *session,
                      struct err *err)
{
    unsigned given = 0;

    for (unsigned i = OUTBOX_SHARDS; i > 0; i--) {
        unsigned bit = 1U << (i - 1);

        if (bits_count(s->owned) <= fair_count(s)) {
            break;
        }
        if ((s->owned & bit) == 0) {
            continue;
        }
        if (!outbox_unlock(session, i - 1, err)) {
            return false;
        }
        s->owned &= ~bit;
        given |= bit;
    }
    return given == 0 || outbox_notify(session, given, err);
}

/* From a random one on, so that relays that start together do not all try the
 * same. */
static bool take(struct share *s, struct db_session *session, struct err *err)
{
    unsigned first = (unsigned)random_below(OUTBOX_SHARDS);

    for (unsigned n = 0; n < OUTBOX_SHARDS; n++) {
        unsigned shard = (first + n) % OUTBOX_SHARDS;
        bool taken = false;

        if (bits_count(s->owned) >= fair_count(s)) {
            break;
        }
        if ((s->owned & 1U << shard) != 0) {
            continue;
        }
        if (!outbox_lock(session, shard, &taken, err)) {
            return false;
        }
        s->owned |= taken ? 1U << shard : 0;
    }
    return true;
}

bool share_count(struct share *s, struct db_session *session, int64_t now_us,
                 struct err *err)
{
    unsigned relays = 0;

    if (!outbox_relays(session, &relays, err)) {
        return false;
    }
    assert(relays > 0);
    s->relays = relays;
    s->done_at_us = now_us;
    s->is_wanted = false;
    return true;
}

bool share_is_too_much(const struct share *s)
{
    return bits_count(s->owned) > fair_count(s);
}

bool share_move(struct share *s, struct db_session *session, struct err *err)
{
    return give_back(s, session, err) && take(s, session, err);
}

void share_hear(struct share *s, unsigned shards)
{
    if ((shards & ~s->owned) != 0 && bits_count(s->owned) < fair_count(s)) {
        s->is_wanted = true;
    }
}

size_t share_list(const struct share *s, unsigned of, int64_t *out)
{
    size_t count = 0;

    for (unsigned i = 0; i < OUTBOX_SHARDS; i++) {
        if ((s->owned & of & 1U << i) != 0) {
            out[count++] = i;
        }
    }
    return count;
}

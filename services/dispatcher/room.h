/* Who can take no more for now, and whose rows wait for that to end.
 *
 * Webhooks whose lanes are full, and those of organizations that have their
 * share of claims: the claim passes their rows over and puts them off. As soon
 * as there is room again they are due. Rows that another process put off, which
 * may have ended since, are found by a look now and then, and so are those of
 * webhooks of which there are too many to remember. Retry's thread owns it. */
#ifndef PORTER_DISPATCHER_ROOM_H
#define PORTER_DISPATCHER_ROOM_H

#include "dispatcher/dispatcher.h"

#include "store/delivery.h"

#define ROOM_FULL_MAX 8192
#define ROOM_SATED_MAX 16
/* Rows of one webhook made due at once: what a slow lane with room takes, and
 * so many times as many each time that it has room for more. */
#define ROOM_PORTION 8
#define ROOM_GROWTH 4
#define ROOM_PORTION_MAX 256

/* Rows of this webhook may wait. */
struct waiter {
    struct webhook_key key; /* The first member: they are sorted by it. */
    size_t portion;         /* The next; 0: none is left. */
};

struct room {
    struct webhook_key full[ROOM_FULL_MAX]; /* As of the last look, sorted. */
    size_t full_count;
    struct id full_ids[ROOM_FULL_MAX]; /* The same, for the claim. */
    struct waiter waited[ROOM_FULL_MAX];
    size_t waited_count;
    struct webhook_key served;       /* The last that got a portion. */
    struct id sated[ROOM_SATED_MAX]; /* Organizations with their share. */
    size_t sated_count;
    struct webhook_key seeker; /* The last that was found by a look; */
    int64_t seek_at_us;        /* the next: steady clock. */
};

/* Who is full now? Rows of those that are not any more are due: a portion of a
 * few, in turn, and at most max in all, as more could not be claimed; *is_more
 * when some may be left. */
MUST_USE bool room_look(struct room *r, struct dispatcher *d, size_t max,
                        bool *is_more, struct err *err);

/* After a claim under what the look had found. */
void room_note(struct room *r, const struct dispatcher *d,
               const struct delivery_claimed *claimed);

/* Is there an organization that has its share? Nobody tells when it has not
 * any more. */
bool room_has_sated(const struct room *r);

#endif

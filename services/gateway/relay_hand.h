/* Rows on the short way: from the handler that committed them to the relay's
 * thread, in memory, instead of by a read of the outbox.
 *
 * Only a subject's first event may come this way: nothing of the subject can
 * be before it, so whatever else waits in its shard is not overtaken by it.
 * The row is in the outbox as every other; when this process dies, or the way
 * is full, it is found there. `swept` knows which rows the reads of the last
 * second have found, so none is sent twice. */
#ifndef PORTER_GATEWAY_RELAY_HAND_H
#define PORTER_GATEWAY_RELAY_HAND_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWEPT_KEEP_US 1000000 /* How long a row that was read is known. */
#define SWEPT_ROWS_MAX 8192

/* What the reads of the outbox have found lately: seqs with their times, by
 * open addressing. Pure; zero it to begin. */
struct swept {
    struct {
        int64_t seq; /* 0: free */
        int64_t at_us;
    } cells[2 * SWEPT_ROWS_MAX];
    size_t count;
    int64_t lost_us; /* All it knew at this time is forgotten. */
};

void swept_add(struct swept *s, int64_t seq, int64_t now_us);

enum hand {
    HAND_SEND,  /* It is new here. */
    HAND_SENT,  /* A read has found it: it is under way, or gone. */
    HAND_SWEEP, /* Not certain: let a read of the outbox tell. */
};

/* What to do with a row whose statement was begun at began_us. */
enum hand swept_judge(const struct swept *s, int64_t seq, int64_t began_us,
                      int64_t now_us);

#endif

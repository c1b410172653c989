/* Which rows the reads of the outbox have found lately. */
#include "gateway/relay_hand.h"

#include "base/err.h"
#include "base/macros.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A row is handed over within milliseconds; half the time that a read is
 * remembered leaves no doubt. */
#define HAND_MAX_US (SWEPT_KEEP_US / 2)
#define CELLS ((size_t)2 * SWEPT_ROWS_MAX)

_Static_assert((CELLS & (CELLS - 1)) == 0, "cells are found by a mask");

/* The row's cell, or the free one where it belongs. */
static size_t cell_of(const struct swept *s, int64_t seq)
{
    size_t i = (size_t)seq & (CELLS - 1);

    while (s->cells[i].seq != 0 && s->cells[i].seq != seq) {
        i = (i + 1) & (CELLS - 1);
    }
    return i;
}

static void put(struct swept *s, int64_t seq, int64_t at_us)
{
    size_t i = cell_of(s, seq);

    s->count += s->cells[i].seq == 0;
    s->cells[i].seq = seq;
    s->cells[i].at_us = at_us;
}

/* Forget what is old; all of it, and say so, when too much is young. */
static void make_room(struct swept *s, int64_t now_us)
{
    struct swept *old = mem_new(sizeof *old);

    *old = *s;
    memset(s->cells, 0, sizeof s->cells);
    s->count = 0;
    for (size_t i = 0; i < CELLS; i++) {
        if (old->cells[i].seq != 0 &&
            now_us - old->cells[i].at_us < SWEPT_KEEP_US) {
            put(s, old->cells[i].seq, old->cells[i].at_us);
        }
    }
    free(old);
    if (s->count > SWEPT_ROWS_MAX / 2) {
        memset(s->cells, 0, sizeof s->cells);
        s->count = 0;
        s->lost_us = now_us;
    }
}

void swept_add(struct swept *s, int64_t seq, int64_t now_us)
{
    assert(seq > 0);
    if (s->count >= SWEPT_ROWS_MAX) {
        make_room(s, now_us);
    }
    put(s, seq, now_us);
}

enum hand swept_judge(const struct swept *s, int64_t seq, int64_t began_us,
                      int64_t now_us)
{
    if (s->cells[cell_of(s, seq)].seq == seq) {
        return HAND_SENT;
    }
    return began_us <= s->lost_us || now_us - began_us > HAND_MAX_US
               ? HAND_SWEEP
               : HAND_SEND;
}

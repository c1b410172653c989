/* Piles of rows. */
#include "gateway/relay_pile.h"

#include <stdlib.h>

#define ARENA_BYTES 65536

void pile_open(struct pile *p)
{
    *p = (struct pile){
        .arena = arena_new(ARENA_BYTES),
        .handed = mem_zero(PILE_ROWS_MAX, sizeof *p->handed),
        .began_us = mem_zero(PILE_ROWS_MAX, sizeof *p->began_us),
        .slots = mem_zero(PILE_ROWS_MAX, sizeof *p->slots),
    };
    pile_clear(p);
}

void pile_close(struct pile *p)
{
    arena_free(p->arena);
    free(p->handed);
    free(p->began_us);
    free(p->slots);
}

void pile_clear(struct pile *p)
{
    arena_reset(p->arena);
    p->rows = p->handed;
    p->count = 0;
    p->sent_us = 0;
}

bool pile_add(struct pile *p, const struct outbox_row *row, int64_t began_us)
{
    struct outbox_row *copy = &p->handed[p->count];

    if (p->count == PILE_ROWS_MAX) {
        return false;
    }
    *copy = *row;
    copy->aggregate = arena_str(p->arena, row->aggregate);
    copy->subject = arena_str(p->arena, row->subject);
    copy->type = arena_str(p->arena, row->type);
    copy->payload = arena_str(p->arena, row->payload);
    if (row->traceparent.data != NULL) {
        copy->traceparent = arena_str(p->arena, row->traceparent);
    }
    if (row->request_id.data != NULL) {
        copy->request_id = arena_str(p->arena, row->request_id);
    }
    p->began_us[p->count++] = began_us;
    return true;
}

bool pile_is_done(const struct pile *p)
{
    for (size_t i = 0; i < p->count; i++) {
        if (!p->slots[i].is_done) {
            return false;
        }
    }
    return true;
}

/* Bookkeeping of owned partitions. A member owns a few dozen at most, so the
 * list is searched from the front. */
#include "bus/owned.h"

#include "base/err.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_CAP 16

struct owned_part *owned_find(const struct owned *o, int32_t topic,
                              int32_t partition)
{
    for (size_t i = 0; i < o->count; i++) {
        if (o->list[i].topic == topic && o->list[i].partition == partition) {
            return &o->list[i];
        }
    }
    return NULL;
}

void owned_add(struct owned *o, int32_t topic, int32_t partition)
{
    if (owned_find(o, topic, partition) != NULL) {
        return;
    }
    if (o->count == o->cap) {
        o->cap = o->cap > 0 ? 2 * o->cap : FIRST_CAP;
        o->list = mem_grow(o->list, o->cap * sizeof *o->list);
    }
    o->list[o->count++] = (struct owned_part){.topic = topic,
                                              .partition = partition,
                                              .next = OWNED_UNKNOWN,
                                              .committed = OWNED_UNKNOWN,
                                              .group = OWNED_UNKNOWN};
}

void owned_remove(struct owned *o, int32_t topic, int32_t partition)
{
    struct owned_part *part = owned_find(o, topic, partition);

    if (part != NULL) {
        *part = o->list[--o->count];
    }
}

void owned_free(struct owned *o)
{
    free(o->list);
    *o = (struct owned){0};
}

void owned_read(struct owned_part *part, int64_t offset, int64_t end)
{
    assert(part->next == OWNED_UNKNOWN);
    part->next = offset;
    part->committed = offset; /* Where the group already was. */
    part->inherited = MAX_OF(end, offset + 1);
}

void owned_taken(struct owned *o, int32_t topic, int32_t partition,
                 bool was_taken)
{
    struct owned_part *part = owned_find(o, topic, partition);

    if (part == NULL) {
        return;
    }
    part->untaken = was_taken ? 0 : part->untaken + 1;
    if (part->untaken >= OWNED_UNTAKEN_MAX) {
        part->inherited = 0;
    }
}

void owned_done(struct owned *o, int32_t topic, int32_t partition,
                int64_t offset)
{
    struct owned_part *part = owned_find(o, topic, partition);

    assert(offset >= 0);
    if (part != NULL && part->next != OWNED_UNKNOWN && part->next <= offset) {
        part->next = offset + 1;
    }
}

bool owned_is_dirty(const struct owned_part *part)
{
    return part->next != part->committed;
}

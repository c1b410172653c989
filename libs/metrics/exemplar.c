/* A sequence lock that nobody waits for.
 *
 * Each part is stored with release and loaded with acquire: who has read a part
 * of a later writing sees that writing's odd turn (or a later one), and does
 * not take what he has. No fences, which ThreadSanitizer does not know. */
#include "metrics/exemplar.h"

#include "base/macros.h"

#include <string.h>

#define TRIES 8

void exemplar_put(struct exemplar_slot *slot, const struct exemplar *e)
{
    uint64_t turn = atomic_load_explicit(&slot->turn, memory_order_relaxed);
    uint64_t halves[2];

    if (turn % 2 != 0 || !atomic_compare_exchange_strong_explicit(
                             &slot->turn, &turn, turn + 1, memory_order_acquire,
                             memory_order_relaxed)) {
        return;
    }
    memcpy(halves, e->trace.bytes, sizeof halves);
    for (size_t i = 0; i < COUNT_OF(halves); i++) {
        atomic_store_explicit(&slot->trace[i], halves[i], memory_order_release);
    }
    atomic_store_explicit(&slot->value_us, e->value_us, memory_order_release);
    atomic_store_explicit(&slot->at_us, e->at_us, memory_order_release);
    atomic_store_explicit(&slot->turn, turn + 2, memory_order_release);
}

/* What is there, whole or not. */
static void read_parts(struct exemplar_slot *slot, struct exemplar *out)
{
    uint64_t halves[2];

    for (size_t i = 0; i < COUNT_OF(halves); i++) {
        halves[i] = atomic_load_explicit(&slot->trace[i], memory_order_acquire);
    }
    memcpy(out->trace.bytes, halves, sizeof halves);
    out->value_us = atomic_load_explicit(&slot->value_us, memory_order_acquire);
    out->at_us = atomic_load_explicit(&slot->at_us, memory_order_acquire);
}

bool exemplar_get(struct exemplar_slot *slot, struct exemplar *out)
{
    for (int i = 0; i < TRIES; i++) {
        const uint64_t turn =
            atomic_load_explicit(&slot->turn, memory_order_acquire);
        if (turn == 0) {
            return false;
        }
        if (turn % 2 == 0) {
            read_parts(slot, out);
            if (atomic_load_explicit(&slot->turn, memory_order_relaxed) ==
                turn) {
                return true;
            }
        }
    }
    return false;
}

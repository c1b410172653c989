/* Sleep on a futex word. 0: nothing yet; ASLEEP: nothing yet, and somebody
 * sleeps; over zero: the answer. */
#include "base/latch.h"

#include "base/clock.h"

#include <assert.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ASLEEP (-1)

void latch_init(struct latch *l)
{
    atomic_store_explicit(&l->word, 0, memory_order_relaxed);
}

void latch_set(struct latch *l, int32_t value)
{
    assert(value > 0);
    if (atomic_exchange(&l->word, value) == ASLEEP) {
        (void)syscall(SYS_futex, &l->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL,
                      0);
    }
}

int32_t latch_wait(struct latch *l, int64_t deadline_us)
{
    const struct timespec until = {.tv_sec = deadline_us / US_PER_S,
                                   .tv_nsec = deadline_us % US_PER_S * 1000};
    int32_t seen = 0;

    (void)atomic_compare_exchange_strong(&l->word, &seen, ASLEEP);
    while ((seen = atomic_load(&l->word)) <= 0) {
        if (deadline_us != LATCH_FOREVER && clock_steady_us() >= deadline_us) {
            return 0;
        }
        /* WAIT_BITSET takes an absolute time of the steady clock. */
        (void)syscall(SYS_futex, &l->word, FUTEX_WAIT_BITSET_PRIVATE, ASLEEP,
                      deadline_us == LATCH_FOREVER ? NULL : &until, NULL,
                      FUTEX_BITSET_MATCH_ANY);
    }
    return seen;
}

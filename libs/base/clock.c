/* Time, from the kernel. */
#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t shift_us;

static int64_t read_us(clockid_t clock)
{
    struct timespec t = {0};

    (void)clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return read_us(CLOCK_REALTIME) +
           atomic_load_explicit(&shift_us, memory_order_relaxed);
}

int64_t clock_steady_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

void clock_shift_us(int64_t by_us)
{
    atomic_fetch_add(&shift_us, by_us);
}

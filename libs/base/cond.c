/* The bits of pthreads that those who wait need, once. */
#include "base/cond.h"

#include "base/clock.h"

#include <time.h>

#define NS_PER_US 1000
#define NS_PER_S 1000000000L

void cond_init_steady(pthread_cond_t *c)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(c, &attributes);
    pthread_condattr_destroy(&attributes);
}

void cond_wait_us(pthread_cond_t *c, pthread_mutex_t *lock, int64_t wait_us)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_us / US_PER_S;
    until.tv_nsec += wait_us % US_PER_S * NS_PER_US;
    if (until.tv_nsec >= NS_PER_S) {
        until.tv_nsec -= NS_PER_S;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(c, lock, &until);
}

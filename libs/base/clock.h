/* The one source of time.
 *
 * Everything that is stored or compared with stored times uses clock_wall_us;
 * durations and deadlines inside a process use clock_steady_us. SQL never asks
 * the server for the time: it is a parameter, so a test that shifts the clock
 * shifts every schedule. Thread-safe. */
#ifndef PORTER_BASE_CLOCK_H
#define PORTER_BASE_CLOCK_H

#include <stdint.h>

#define US_PER_MS 1000LL
#define US_PER_S 1000000LL
#define MS_PER_S 1000LL

/* Microseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_us(void);

/* Microseconds of a clock that never goes back; its zero means nothing. */
int64_t clock_steady_us(void);

/* Move the wall clock by so much (tests only). */
void clock_shift_us(int64_t by_us);

#endif

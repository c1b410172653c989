/* The one source of time.
 *
 * Everything that is stored or compared with stored times uses clock_wall_us;
 * durations and deadlines inside a process use clock_steady_us. SQL never asks
 * the server for the time: it is a parameter, so a test that shifts the clock
 * shifts every schedule. Thread-safe, but for clock_follow. */
#ifndef PORTER_BASE_CLOCK_H
#define PORTER_BASE_CLOCK_H

#include "base/err.h"
#include "base/macros.h"

#include <stdint.h>

#define US_PER_MS 1000LL
#define US_PER_S 1000000LL
#define US_PER_HOUR (3600 * US_PER_S)
#define US_PER_DAY (24 * US_PER_HOUR)
#define MS_PER_S 1000LL

/* Microseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_us(void);

/* Microseconds of a clock that never goes back; its zero means nothing. */
int64_t clock_steady_us(void);

/* From now on the wall clock is ahead by what this file holds (tests only):
 * 8 bytes, microseconds in this machine's order. It is mapped: whoever writes
 * it moves the clocks of all who follow it, and nobody may make it shorter.
 * Before any thread starts. ERR_INVALID: there is no such file. */
MUST_USE bool clock_follow(const char *path, struct err *err);

#endif

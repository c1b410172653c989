/* Bytes from the kernel's random source. Thread-safe; never fails (the process
 * stops if the kernel has none). */
#ifndef PORTER_BASE_RANDOM_H
#define PORTER_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *out, size_t len);

/* Evenly from 0 to below-1; below is at least 1. */
uint64_t random_below(uint64_t below);

/* Evenly from 0 (included) to 1 (excluded). */
double random_unit(void);

#endif

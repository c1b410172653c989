/* When is an endpoint not worth trying? Counts of one lane. Pure; the caller
 * guards it and tells the time.
 *
 * A breaker opens after BREAKER_IN_A_ROW failures in a row, or when of at
 * least BREAKER_SAMPLE attempts of the last five minutes BREAKER_PERCENT
 * failed. */
#ifndef PORTER_DISPATCHER_BREAKER_H
#define PORTER_DISPATCHER_BREAKER_H

#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_IN_A_ROW 10
#define BREAKER_SAMPLE 10
#define BREAKER_PERCENT 70
#define BREAKER_MINUTES 5

struct breaker {
    int64_t minute; /* Of the newest counts, since whenever. */
    unsigned in_a_row;
    unsigned good[BREAKER_MINUTES]; /* By minute % BREAKER_MINUTES. */
    unsigned bad[BREAKER_MINUTES];
};

/* An attempt has ended. Is it time to open? The counts begin anew then; the
 * failures that spoke for it are in *failures. */
MUST_USE bool breaker_note(struct breaker *b, bool is_success, int64_t now_us,
                           unsigned *failures);

/* Does it count a failure? */
bool breaker_has_bad(const struct breaker *b);

#endif

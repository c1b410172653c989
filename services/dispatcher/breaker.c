/* Stands inside a lane. A ring of counts per minute: what is older than the
 * ring is forgotten minute by minute. */
#include "dispatcher/breaker.h"

#include "base/clock.h"

#include <assert.h>

#define MINUTE_US (60 * US_PER_S)

/* Empty the minutes that have begun since the last attempt. A clock that went
 * back counts on in the newest. */
static void move_to(struct breaker *b, int64_t minute)
{
    int64_t begun = minute - b->minute;

    if (begun <= 0) {
        return;
    }
    for (int64_t i = 1; i <= MIN_OF(begun, BREAKER_MINUTES); i++) {
        int64_t at = (b->minute + i) % BREAKER_MINUTES;
        b->good[at] = 0;
        b->bad[at] = 0;
    }
    b->minute = minute;
}

static bool is_time(const struct breaker *b, unsigned *failures)
{
    unsigned good = 0;
    unsigned bad = 0;

    for (int i = 0; i < BREAKER_MINUTES; i++) {
        good += b->good[i];
        bad += b->bad[i];
    }
    if (b->in_a_row >= BREAKER_IN_A_ROW) {
        *failures = b->in_a_row;
        return true;
    }
    *failures = bad;
    return good + bad >= BREAKER_SAMPLE &&
           bad * 100 >= (good + bad) * BREAKER_PERCENT;
}

bool breaker_note(struct breaker *b, bool is_success, int64_t now_us,
                  unsigned *failures)
{
    unsigned count = 0;

    assert(now_us >= 0);
    move_to(b, now_us / MINUTE_US);
    int64_t at = b->minute % BREAKER_MINUTES;
    if (is_success) {
        b->in_a_row = 0;
        b->good[at]++;
        return false;
    }
    b->in_a_row++;
    b->bad[at]++;
    if (!is_time(b, &count)) {
        return false;
    }
    *b = (struct breaker){.minute = b->minute};
    *failures = count;
    return true;
}

bool breaker_has_bad(const struct breaker *b)
{
    unsigned bad = b->in_a_row;

    for (int i = 0; i < BREAKER_MINUTES; i++) {
        bad += b->bad[i];
    }
    return bad > 0;
}

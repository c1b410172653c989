/* Stands beside verdict: it says "again", this says when. The jitter keeps the
 * deliveries of one outage from coming back as one wave. */
#include "dispatcher/backoff.h"

#include "base/clock.h"

#include <assert.h>
#include <string.h>

#define JITTER 0.1

static const struct {
    struct str name;
    int64_t us;
} units[] = {
    {{"ms", 2}, US_PER_MS},       {{"s", 1}, US_PER_S},
    {{"m", 1}, 60 * US_PER_S},    {{"h", 1}, 3600 * US_PER_S},
    {{"d", 1}, 86400 * US_PER_S},
};

static bool wait_read(struct str text, int64_t *out)
{
    const int64_t max_us = BACKOFF_WAIT_MAX_S * US_PER_S;
    size_t digits = 0;
    uint64_t number = 0;

    while (digits < text.len && text.data[digits] >= '0' &&
           text.data[digits] <= '9') {
        digits++;
    }
    struct str unit = {text.data + digits, text.len - digits};
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (str_eq(unit, units[i].name) &&
            str_to_u64((struct str){text.data, digits},
                       (uint64_t)(max_us / units[i].us), &number) &&
            number > 0) {
            *out = (int64_t)number * units[i].us;
            return true;
        }
    }
    return false;
}

bool backoff_read(struct str text, struct backoff *out, struct err *err)
{
    struct backoff b = {0};
    struct str part = STR_NONE;

    while (str_split(&text, ',', &part)) {
        part = str_trim(part);
        if (b.count == BACKOFF_WAITS_MAX) {
            return err_set(err, ERR_INVALID,
                           "the retry schedule has more than %d waits",
                           BACKOFF_WAITS_MAX);
        }
        if (!wait_read(part, &b.wait_us[b.count])) {
            return err_set(err, ERR_INVALID,
                           "the retry schedule's \"%.*s\" is not a wait such "
                           "as 30s, 2m or 1h (at most 7d)",
                           STR_ARGS(part));
        }
        b.count++;
    }
    *out = b;
    return true;
}

struct backoff backoff_of(const struct webhook_target *target,
                          const struct backoff *configured)
{
    struct backoff b = *configured;

    assert(target->wait_count <= BACKOFF_WAITS_MAX);
    if (target->wait_count > 0) {
        b.count = target->wait_count;
        memcpy(b.wait_us, target->wait_us, b.count * sizeof *b.wait_us);
    }
    if (target->max_age_us > 0) {
        b.max_age_us = target->max_age_us;
    }
    return b;
}

bool backoff_is_too_old(const struct backoff *b, int64_t event_at_us,
                        int64_t then_us)
{
    return b->max_age_us > 0 && then_us - event_at_us > b->max_age_us;
}

bool backoff_is_last(const struct backoff *b, int attempt)
{
    assert(attempt >= 1);

    return (size_t)attempt > b->count;
}

int64_t backoff_wait_us(const struct backoff *b, int attempt, double unit)
{
    assert(!backoff_is_last(b, attempt));
    assert(unit >= 0.0 && unit <= 1.0);

    double scale = 1.0 - JITTER + 2.0 * JITTER * unit;
    return (int64_t)((double)b->wait_us[attempt - 1] * scale);
}

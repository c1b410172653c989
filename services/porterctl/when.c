/* A time as a person writes it. */
#include "porterctl/when.h"

#include "base/clock.h"
#include "base/rfc3339.h"

#define AHEAD_S_MAX (10LL * 366 * 86400)

static int64_t unit_s(char c)
{
    switch (c) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    default:
        return 0;
    }
}

static bool read_span(struct str text, int64_t *span_us)
{
    int64_t unit = text.len < 2 ? 0 : unit_s(text.data[text.len - 1]);
    uint64_t count = 0;

    if (unit == 0 || !str_to_u64((struct str){text.data, text.len - 1},
                                 (uint64_t)(AHEAD_S_MAX / unit), &count)) {
        return false;
    }
    *span_us = (int64_t)count * unit * US_PER_S;
    return true;
}

bool when_read(struct str text, int64_t now_us, int64_t *at_us, struct err *err)
{
    int64_t at = 0;

    if (read_span(text, &at)) {
        at += now_us;
    } else if (!rfc3339_read(text, &at)) {
        at = 0;
    }
    if (at <= now_us || at > now_us + AHEAD_S_MAX * US_PER_S) {
        return err_set(err, ERR_INVALID,
                       "\"%.*s\" is no time ahead: write 30m, 24h, 90d or "
                       "2027-01-31T00:00:00Z (ten years at most)",
                       STR_ARGS(text));
    }
    *at_us = (at + US_PER_MS - 1) / US_PER_MS * US_PER_MS;
    return true;
}

bool when_read_past(struct str text, int64_t now_us, int64_t *at_us)
{
    int64_t at = 0;

    if (read_span(text, &at)) {
        at = now_us - at;
    } else if (!rfc3339_read(text, &at)) {
        return false;
    }
    if (at > now_us || at < 0) {
        return false;
    }
    *at_us = at;
    return true;
}

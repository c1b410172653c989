/* Days from the civil calendar after H. Hinnant's public-domain derivation
 * (chrono-Compatible Low-Level Date Algorithms), written for this file. */
#include "base/rfc3339.h"

#include "base/clock.h"

#include <assert.h>
#include <stdbool.h>

#define DAY_S 86400LL

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
    int64_t era = 0;
    int64_t yoe = 0;
    int64_t doy = 0;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void date_of(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = yoe + era * 400 + (*m <= 2);
}

static void put(char *out, int64_t n, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (char)('0' + n % 10);
        n /= 10;
    }
}

void rfc3339_write(int64_t wall_us, char out[RFC3339_LEN + 1])
{
    int64_t s = wall_us / US_PER_S - (wall_us % US_PER_S < 0);
    int64_t us = wall_us - s * US_PER_S;
    int64_t days = s / DAY_S - (s % DAY_S < 0);
    int64_t rest = s - days * DAY_S;
    int64_t y = 0;
    int64_t m = 0;
    int64_t d = 0;

    date_of(days, &y, &m, &d);
    assert(y >= 0 && y <= 9999);
    memcpy(out, "0000-00-00T00:00:00.000Z", RFC3339_LEN + 1);
    put(out, y, 4);
    put(out + 5, m, 2);
    put(out + 8, d, 2);
    put(out + 11, rest / 3600, 2);
    put(out + 14, rest / 60 % 60, 2);
    put(out + 17, rest % 60, 2);
    put(out + 20, us / 1000, 3);
}

/* Exactly `digits` digits at *s, which moves on. */
static bool take(struct str *s, size_t digits, int64_t *out)
{
    uint64_t n = 0;

    if (s->len < digits ||
        !str_to_u64((struct str){s->data, digits}, 9999, &n)) {
        return false;
    }
    *out = (int64_t)n;
    s->data += digits;
    s->len -= digits;
    return true;
}

static bool take_char(struct str *s, char a, char b)
{
    if (s->len == 0 || (s->data[0] != a && s->data[0] != b)) {
        return false;
    }
    s->data++;
    s->len--;
    return true;
}

static bool take_fraction(struct str *s, int64_t *us)
{
    int64_t scale = 100000;
    size_t digits = 0;

    *us = 0;
    if (!take_char(s, '.', '.')) {
        return true;
    }
    while (s->len > 0 && s->data[0] >= '0' && s->data[0] <= '9') {
        *us += (s->data[0] - '0') * scale;
        scale /= 10;
        digits++;
        s->data++;
        s->len--;
    }
    return digits > 0;
}

static bool take_offset(struct str *s, int64_t *offset_s)
{
    int64_t h = 0;
    int64_t m = 0;
    bool minus = false;

    *offset_s = 0;
    if (take_char(s, 'Z', 'z')) {
        return true;
    }
    minus = s->len > 0 && s->data[0] == '-';
    if (!take_char(s, '+', '-') || !take(s, 2, &h) || !take_char(s, ':', ':') ||
        !take(s, 2, &m) || h > 23 || m > 59) {
        return false;
    }
    *offset_s = (h * 3600 + m * 60) * (minus ? -1 : 1);
    return true;
}

static bool is_date(int64_t y, int64_t m, int64_t d)
{
    static const int64_t days[12] = {31, 28, 31, 30, 31, 30,
                                     31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

    return m >= 1 && m <= 12 && d >= 1 &&
           d <= days[m - 1] + (m == 2 && leap ? 1 : 0);
}

static int64_t within_years(int64_t wall_us)
{
    const int64_t first_us = days_of(1, 1, 1) * DAY_S * US_PER_S;
    const int64_t end_us = days_of(10000, 1, 1) * DAY_S * US_PER_S;

    return MIN_OF(MAX_OF(wall_us, first_us), end_us - 1);
}

bool rfc3339_read(struct str s, int64_t *wall_us)
{
    int64_t y = 0;
    int64_t mo = 0;
    int64_t d = 0;
    int64_t h = 0;
    int64_t mi = 0;
    int64_t sec = 0;
    int64_t us = 0;
    int64_t offset_s = 0;
    int64_t t = 0;

    if (!take(&s, 4, &y) || !take_char(&s, '-', '-') || !take(&s, 2, &mo) ||
        !take_char(&s, '-', '-') || !take(&s, 2, &d) ||
        !take_char(&s, 'T', 't') || !take(&s, 2, &h) ||
        !take_char(&s, ':', ':') || !take(&s, 2, &mi) ||
        !take_char(&s, ':', ':') || !take(&s, 2, &sec) ||
        !take_fraction(&s, &us) || !take_offset(&s, &offset_s) || s.len > 0) {
        return false;
    }
    if (!is_date(y, mo, d) || y < 1 || h > 23 || mi > 59 || sec > 60) {
        return false;
    }
    t = days_of(y, mo, d) * DAY_S + h * 3600 + mi * 60 + sec - offset_s;
    *wall_us = within_years(t * US_PER_S + us);
    return true;
}

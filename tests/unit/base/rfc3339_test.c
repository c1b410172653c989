/* Times are read from any zone and written in UTC with milliseconds. */
#include "base/rfc3339.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void reads_every_form(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"1970-01-01T00:00:00.0000019Z", 1},
        {"1970-01-01T00:00:00.5+00:00", 500000},
        {"1970-01-01T01:00:00+01:00", 0},
        {"1969-12-31T18:30:00-05:30", 0},
        {"1969-12-31T23:59:59.999999-00:00", -1},
        {"2026-03-01T09:30:00.123Z", 1772357400123000},
        {"2024-02-29T00:00:00Z", 1709164800000000},
        {"2000-02-29T00:00:00Z", 951782400000000},
        {"2016-12-31T23:59:60Z", 1483228800000000},
        {"0001-01-01T00:00:00Z", -62135596800000000},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999},
        {"0001-01-01T00:00:00+14:00", -62135596800000000},
        {"9999-12-31T23:59:59-00:01", 253402300799999999},
        {"9999-12-31T23:59:60Z", 253402300799999999},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t us = 7;

        if (!rfc3339_read(str_of(cases[i].text), &us) || us != cases[i].us) {
            fail_msg("%s: %lld", cases[i].text, (long long)us);
        }
    }
}

static void refuses_what_is_no_time(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-03-01",
        "2026-03-01T09:30:00",
        "2026-03-01 09:30:00Z",
        "2026-03-01T09:30Z",
        "2026-3-01T09:30:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T23:60:00Z",
        "2026-01-01T23:59:61Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00,5Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01:60",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00+01",
        "2026-01-01T00:00:00ZZ",
        "2026-01-01T00:00:00Z ",
        " 2026-01-01T00:00:00Z",
        "+026-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z",
        "0000-12-31T23:59:59Z",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t us = 7;

        if (rfc3339_read(str_of(bad[i]), &us)) {
            fail_msg("took %s", bad[i]);
        }
        assert_int_equal(us, 7);
    }
}

static void writes_every_day_of_eight_centuries_so_that_it_reads(void **state)
{
    char text[RFC3339_LEN + 1];

    (void)state;
    for (int64_t day = -146097; day < 146097; day++) {
        int64_t us = day * 86400 * US_PER_S + 86399999000LL;
        int64_t got = 0;

        rfc3339_write(us, text);
        assert_int_equal(strlen(text), RFC3339_LEN);
        assert_true(rfc3339_read(str_of(text), &got));
        assert_true(got == us);
    }
}

static void cuts_to_milliseconds_towards_the_past(void **state)
{
    char text[RFC3339_LEN + 1];

    (void)state;
    rfc3339_write(1999, text);
    assert_string_equal(text, "1970-01-01T00:00:00.001Z");
    rfc3339_write(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    rfc3339_write(253402300799999999, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_form),
        cmocka_unit_test(refuses_what_is_no_time),
        cmocka_unit_test(writes_every_day_of_eight_centuries_so_that_it_reads),
        cmocka_unit_test(cuts_to_milliseconds_towards_the_past),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

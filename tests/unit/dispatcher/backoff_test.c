/* The schedule of waits. */
#include "dispatcher/backoff.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct backoff schedule(struct str text)
{
    struct backoff b = {0};
    struct err err = ERR_NONE;

    assert_true(backoff_read(text, &b, &err));
    return b;
}

static void reads_every_unit(void **state)
{
    struct backoff b = schedule(STR("250ms, 5s,2m,1h,1d"));

    (void)state;
    assert_int_equal(b.count, 5);
    assert_int_equal(b.wait_us[0], 250 * US_PER_MS);
    assert_int_equal(b.wait_us[1], 5 * US_PER_S);
    assert_int_equal(b.wait_us[2], 120 * US_PER_S);
    assert_int_equal(b.wait_us[3], 3600 * US_PER_S);
    assert_int_equal(b.wait_us[4], 86400 * US_PER_S);
}

static void refuses_what_is_no_wait(void **state)
{
    static const char *const bad[] = {"5",   "s",      "0s", "-5s",
                                      "5 s", "5s,,6s", "8d", "99999999999h",
                                      "5S",  "1s2s"};
    struct err err = ERR_NONE;
    struct backoff b;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(backoff_read(str_of(bad[i]), &b, &err));
        assert_int_equal(err.code, ERR_INVALID);
    }
}

static void stays_within_a_tenth_of_the_schedule(void **state)
{
    struct backoff b = schedule(STR("5s,30s,2m,10m,30m,1h,3h,6h,12h,24h,24h"));

    (void)state;
    for (int attempt = 1; attempt <= 11; attempt++) {
        int64_t middle = b.wait_us[attempt - 1];
        int64_t before = 0;
        for (int step = 0; step <= 100; step++) {
            int64_t wait = backoff_wait_us(&b, attempt, step / 100.0);
            assert_in_range(wait, middle * 9 / 10 - 1, middle * 11 / 10 + 1);
            assert_true(wait >= before);
            before = wait;
        }
    }
}

static void the_attempt_after_the_last_wait_is_the_last(void **state)
{
    struct backoff b = schedule(STR("1s,1s"));
    struct backoff none = schedule(STR(""));

    (void)state;
    assert_false(backoff_is_last(&b, 1));
    assert_false(backoff_is_last(&b, 2));
    assert_true(backoff_is_last(&b, 3));
    assert_true(backoff_is_last(&none, 1));
}

static void a_webhooks_own_schedule_and_age_count(void **state)
{
    static const int64_t waits[] = {US_PER_S};
    const struct webhook_target plain = {.is_enabled = true};
    const struct webhook_target own = {
        .wait_us = waits, .wait_count = 1, .max_age_us = 60 * US_PER_S};
    struct backoff configured = schedule(STR("5s,30s"));

    (void)state;
    configured.max_age_us = 3600 * US_PER_S;
    struct backoff b = backoff_of(&plain, &configured);
    assert_int_equal(b.count, 2);
    assert_int_equal(b.max_age_us, 3600 * US_PER_S);
    b = backoff_of(&own, &configured);
    assert_int_equal(b.count, 1);
    assert_int_equal(b.wait_us[0], US_PER_S);
    assert_int_equal(b.max_age_us, 60 * US_PER_S);
}

static void too_old_begins_behind_the_age(void **state)
{
    struct backoff b = schedule(STR("5s"));
    const int64_t event_us = 1000 * US_PER_S;

    (void)state;
    assert_false(backoff_is_too_old(&b, event_us, INT64_MAX / 2));
    b.max_age_us = 60 * US_PER_S;
    assert_false(backoff_is_too_old(&b, event_us, event_us + 60 * US_PER_S));
    assert_true(backoff_is_too_old(&b, event_us, event_us + 60 * US_PER_S + 1));
    assert_false(backoff_is_too_old(&b, event_us, event_us - US_PER_S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_webhooks_own_schedule_and_age_count),
        cmocka_unit_test(too_old_begins_behind_the_age),
        cmocka_unit_test(reads_every_unit),
        cmocka_unit_test(refuses_what_is_no_wait),
        cmocka_unit_test(stays_within_a_tenth_of_the_schedule),
        cmocka_unit_test(the_attempt_after_the_last_wait_is_the_last),
    };

    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}

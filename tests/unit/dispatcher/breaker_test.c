/* Breakers: in a row, by share, and forgetting. */
#include "dispatcher/breaker.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define MINUTE_US (60 * US_PER_S)
#define START_US (1000 * MINUTE_US)

/* How many failures opened it; 0: it did not open. */
static unsigned note(struct breaker *b, bool is_success, int64_t at_us)
{
    unsigned failures = 0;

    return breaker_note(b, is_success, at_us, &failures) ? failures : 0;
}

static void failures_in_a_row_open_it(void **state)
{
    struct breaker b = {0};

    (void)state;
    for (int round = 0; round < 2; round++) { /* It begins anew. */
        for (int i = 1; i < BREAKER_IN_A_ROW; i++) {
            assert_int_equal(note(&b, false, START_US), 0);
        }
        assert_int_equal(note(&b, false, START_US), BREAKER_IN_A_ROW);
    }
}

static void failures_far_between_are_in_a_row_too(void **state)
{
    struct breaker b = {0};
    int64_t at_us = START_US;

    (void)state;
    for (int i = 1; i < BREAKER_IN_A_ROW; i++, at_us += 60 * MINUTE_US) {
        assert_int_equal(note(&b, false, at_us), 0);
    }
    assert_int_equal(note(&b, false, at_us), BREAKER_IN_A_ROW);
}

static void a_share_opens_it(void **state)
{
    struct breaker b = {0};

    (void)state;
    for (int i = 0; i < 3; i++) { /* 3 good, then 6 bad, a good, a bad. */
        assert_int_equal(note(&b, true, START_US), 0);
    }
    for (int i = 0; i < 6; i++) {
        assert_int_equal(note(&b, false, START_US), 0);
    }
    assert_int_equal(note(&b, true, START_US), 0); /* 6 of 10. */
    for (int bad = 7; bad < 10; bad++) {           /* … 9 of 13: 69 %. */
        assert_int_equal(note(&b, false, START_US), 0);
    }
    assert_int_equal(note(&b, false, START_US), 10); /* 71 %. */
}

static void a_small_sample_opens_nothing(void **state)
{
    struct breaker b = {0};

    (void)state;
    assert_int_equal(note(&b, true, START_US), 0);
    for (int i = 0; i < BREAKER_SAMPLE - 2; i++) {
        assert_int_equal(note(&b, false, START_US), 0); /* 8 of 9. */
    }
}

static void successes_of_long_ago_do_not_count(void **state)
{
    struct breaker b = {0};
    int64_t later_us = START_US + BREAKER_MINUTES * MINUTE_US;

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(note(&b, true, START_US), 0);
    }
    assert_int_equal(note(&b, true, later_us), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(note(&b, false, later_us), 0);
    }
    assert_int_equal(note(&b, true, later_us), 0);
    for (int i = 0; i < 3; i++) { /* 7 of 9. */
        assert_int_equal(note(&b, false, later_us), 0);
    }
    assert_int_equal(note(&b, false, later_us), 8); /* 8 of 10. */
}

static void they_count_for_five_minutes(void **state)
{
    struct breaker b = {0};
    int64_t later_us = START_US + (BREAKER_MINUTES - 1) * MINUTE_US;

    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(note(&b, true, START_US), 0);
    }
    for (int i = 0; i < BREAKER_IN_A_ROW - 1; i++) {
        assert_int_equal(note(&b, false, later_us), 0);
    }
    assert_int_equal(note(&b, true, later_us), 0);
    assert_int_equal(note(&b, false, later_us), 0); /* 10 of 21. */
}

static void a_clock_that_went_back_counts_on(void **state)
{
    struct breaker b = {0};

    (void)state;
    for (int i = 1; i < BREAKER_IN_A_ROW; i++) {
        assert_int_equal(note(&b, false, START_US - i * MINUTE_US), 0);
    }
    assert_int_equal(note(&b, false, 0), BREAKER_IN_A_ROW);
}

static void it_says_whether_it_counts_failures(void **state)
{
    struct breaker b = {0};

    (void)state;
    assert_false(breaker_has_bad(&b));
    assert_int_equal(note(&b, false, START_US), 0);
    assert_true(breaker_has_bad(&b));
    assert_int_equal(note(&b, true, START_US), 0);
    assert_true(breaker_has_bad(&b)); /* One of two, of these minutes. */
    assert_int_equal(note(&b, true, START_US + BREAKER_MINUTES * MINUTE_US), 0);
    assert_false(breaker_has_bad(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_in_a_row_open_it),
        cmocka_unit_test(failures_far_between_are_in_a_row_too),
        cmocka_unit_test(a_share_opens_it),
        cmocka_unit_test(a_small_sample_opens_nothing),
        cmocka_unit_test(successes_of_long_ago_do_not_count),
        cmocka_unit_test(they_count_for_five_minutes),
        cmocka_unit_test(a_clock_that_went_back_counts_on),
        cmocka_unit_test(it_says_whether_it_counts_failures),
    };

    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}

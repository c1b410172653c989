/* So many tries at once, then one each interval; by the microsecond. */
#include "gateway/throttle.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define NOW (1000 * US_PER_S)

static const struct throttle_rule rule = {"test", 3, 60000};

static void a_burst_and_then_one_each_interval(void **state)
{
    int64_t until_us = 0;
    int64_t wait_us = 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(throttle_move(&until_us, &rule, NOW, &wait_us));
    }
    assert_false(throttle_move(&until_us, &rule, NOW, &wait_us));
    assert_int_equal(wait_us, 60 * US_PER_S);
    assert_false(
        throttle_move(&until_us, &rule, NOW + 60 * US_PER_S - 1, &wait_us));
    assert_int_equal(wait_us, 1);
    assert_true(throttle_move(&until_us, &rule, NOW + 60 * US_PER_S, &wait_us));
    assert_false(
        throttle_move(&until_us, &rule, NOW + 60 * US_PER_S, &wait_us));
}

static void who_waits_long_has_the_whole_burst_again_and_no_more(void **state)
{
    int64_t until_us = 0;
    int64_t wait_us = 0;
    int taken = 0;

    (void)state;
    while (throttle_move(&until_us, &rule, NOW, &wait_us)) {
    }
    while (throttle_move(&until_us, &rule, NOW + 3600 * US_PER_S, &wait_us)) {
        taken++;
    }
    assert_int_equal(taken, 3);
}

/* Without Redis. */
static void others_are_not_slowed_and_what_is_given_back_counts(void **state)
{
    struct throttle *t = throttle_new(NULL);
    struct arena *arena = arena_new(256);
    static const struct throttle_rule other = {"other", 3, 60000};
    int64_t retry_ms = 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(throttle_take(t, &rule, STR("ada"), arena, &retry_ms));
    }
    assert_false(throttle_take(t, &rule, STR("ada"), arena, &retry_ms));
    assert_in_range(retry_ms, 59000, 60000);
    assert_true(throttle_take(t, &rule, STR("eve"), arena, &retry_ms));
    assert_true(throttle_take(t, &other, STR("ada"), arena, &retry_ms));
    throttle_give(t, &rule, STR("ada"), arena);
    assert_true(throttle_take(t, &rule, STR("ada"), arena, &retry_ms));
    assert_false(throttle_take(t, &rule, STR("ada"), arena, &retry_ms));
    throttle_free(t);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_and_then_one_each_interval),
        cmocka_unit_test(who_waits_long_has_the_whole_burst_again_and_no_more),
        cmocka_unit_test(others_are_not_slowed_and_what_is_given_back_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Guessing is slowed per address, exactly, and nobody else is. */
#include "gateway/guess.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#define NOW (1000 * US_PER_S)

static unsigned taken(struct guess *g, const char *remote, int64_t now_us,
                      unsigned tries)
{
    unsigned count = 0;
    int64_t retry_ms = 0;

    for (unsigned i = 0; i < tries; i++) {
        count += guess_take(g, str_of(remote), now_us, &retry_ms) ? 1 : 0;
    }
    return count;
}

static void an_address_has_so_many_a_minute(void **state)
{
    struct guess *g = guess_new(60);
    int64_t retry_ms = 0;

    (void)state;
    assert_int_equal(taken(g, "192.0.2.1", NOW, 100), 60);
    assert_false(guess_take(g, STR("192.0.2.1"), NOW, &retry_ms));
    assert_int_equal(retry_ms, 1000);
    assert_false(
        guess_take(g, STR("192.0.2.1"), NOW + 999 * US_PER_MS, &retry_ms));
    assert_int_equal(retry_ms, 1);
    assert_int_equal(taken(g, "192.0.2.1", NOW + US_PER_S, 5), 1);
    assert_int_equal(taken(g, "192.0.2.1", NOW + 600 * US_PER_S, 100), 60);
    guess_free(g);
}

static void others_are_not_slowed(void **state)
{
    struct guess *g = guess_new(10);

    (void)state;
    assert_int_equal(taken(g, "192.0.2.1", NOW, 20), 10);
    assert_int_equal(taken(g, "192.0.2.2", NOW, 20), 10);
    assert_int_equal(taken(g, "::ffff:192.0.2.1", NOW, 20), 0);
    assert_int_equal(taken(g, "2001:db8::1", NOW, 20), 10);
    assert_int_equal(taken(g, "2001:db8:0:0:ffff::9", NOW, 20), 0);
    assert_int_equal(taken(g, "2001:db8:0:1::1", NOW, 20), 10);
    assert_int_equal(taken(g, "nonsense", NOW, 20), 10);
    guess_free(g);
}

static void what_was_no_guess_is_given_back(void **state)
{
    struct guess *g = guess_new(10);

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(taken(g, "192.0.2.1", NOW, 1), 1);
        guess_give(g, STR("192.0.2.1"));
    }
    assert_int_equal(taken(g, "192.0.2.1", NOW, 20), 10);
    guess_free(g);
}

static void zero_slows_nobody(void **state)
{
    struct guess *g = guess_new(0);

    (void)state;
    assert_int_equal(taken(g, "192.0.2.1", NOW, 10000), 10000);
    guess_free(g);
}

static void a_million_addresses_take_no_more_room(void **state)
{
    struct guess *g = guess_new(2);
    char remote[32];

    (void)state;
    for (unsigned i = 0; i < 1000000; i++) {
        (void)snprintf(remote, sizeof remote, "10.%u.%u.%u", i >> 16,
                       i >> 8 & 255, i & 255);
        assert_int_equal(taken(g, remote, NOW + i, 1), 1);
    }
    guess_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_so_many_a_minute),
        cmocka_unit_test(others_are_not_slowed),
        cmocka_unit_test(what_was_no_guess_is_given_back),
        cmocka_unit_test(zero_slows_nobody),
        cmocka_unit_test(a_million_addresses_take_no_more_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

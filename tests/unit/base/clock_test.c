/* A wall clock that a file moves; a steady one that nothing does. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_US (86400 * US_PER_S)
#define SLACK_US (600 * US_PER_S) /* Of a machine that is busy. */

static char path[] = "/tmp/clock-test-XXXXXX";
static int file;

static int setup(void **state)
{
    (void)state;
    file = mkstemp(path);
    return file < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)close(file);
    return unlink(path);
}

static void put(int64_t shift_us)
{
    assert_int_equal(pwrite(file, &shift_us, sizeof shift_us, 0),
                     sizeof shift_us);
}

static void a_file_that_is_no_offset_is_not_followed(void **state)
{
    struct err err = ERR_NONE;

    (void)state;
    assert_false(clock_follow("/nowhere/clock", &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.text, "/nowhere/clock"));
    err_clear(&err);
    assert_false(clock_follow(path, &err));
    assert_int_equal(err.code, ERR_INVALID);
}

static void who_writes_the_file_moves_the_wall_clock(void **state)
{
    struct err err = ERR_NONE;
    int64_t wall_us = clock_wall_us();
    int64_t steady_us = clock_steady_us();

    (void)state;
    put(0);
    assert_true(clock_follow(path, &err));
    assert_in_range(clock_wall_us() - wall_us, 0, SLACK_US);
    put(5 * DAY_US);
    assert_in_range(clock_wall_us() - wall_us, 5 * DAY_US,
                    5 * DAY_US + SLACK_US);
    put(1 * DAY_US);
    assert_in_range(clock_wall_us() - wall_us, DAY_US, DAY_US + SLACK_US);
    assert_in_range(clock_steady_us() - steady_us, 0, SLACK_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_no_offset_is_not_followed),
        cmocka_unit_test(who_writes_the_file_moves_the_wall_clock),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

/* Faults are kept to a limit, counted beyond it, and own their text. */
#include "base/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void keeps_copies_up_to_the_limit_and_counts_the_rest(void **state)
{
    struct arena *a = arena_new(256);
    struct faults f;
    char field[16] = "name";

    (void)state;
    faults_init(&f, a);
    for (int i = 0; i < FAULTS_MAX + 5; i++) {
        assert_false(
            fault_add(&f, str_of(field), FAULT_TOO_LONG, "number %d", i));
    }
    memset(field, 'x', 4);
    assert_int_equal(f.count, FAULTS_MAX + 5);
    assert_string_equal(f.list[0].field.data, "name");
    assert_string_equal(f.list[FAULTS_MAX - 1].detail.data, "number 63");
    arena_free(a);
}

static void cuts_a_detail_that_is_too_long(void **state)
{
    struct arena *a = arena_new(256);
    struct faults f;

    (void)state;
    faults_init(&f, a);
    assert_false(fault_add(&f, STR("x"), FAULT_REQUIRED, "%1000d", 1));
    assert_true(f.list[0].detail.len < 1000);
    assert_int_equal(strlen(f.list[0].detail.data), f.list[0].detail.len);
    arena_free(a);
}

static void names_every_code_once(void **state)
{
    (void)state;
    for (int i = 0; i < FAULT_CODE_COUNT; i++) {
        assert_non_null(fault_code_name((enum fault_code)i));
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(fault_code_name((enum fault_code)i),
                                    fault_code_name((enum fault_code)k));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_copies_up_to_the_limit_and_counts_the_rest),
        cmocka_unit_test(cuts_a_detail_that_is_too_long),
        cmocka_unit_test(names_every_code_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

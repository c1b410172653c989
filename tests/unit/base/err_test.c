/* An error is worded once, wrapped with context, and never overflows. */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <stdlib.h>

static void is_worded_and_returns_false(void **state)
{
    struct err err = ERR_NONE;

    (void)state;
    assert_false(err_set(&err, ERR_NOT_FOUND, "no visitor %s", "vis_1"));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_string_equal(err.text, "no visitor vis_1");
    err_clear(&err);
    assert_int_equal(err.code, ERR_OK);
    assert_string_equal(err.text, "");
}

static void wraps_what_is_there(void **state)
{
    struct err err = ERR_NONE;

    (void)state;
    (void)err_set(&err, ERR_UNAVAILABLE, "connection refused");
    assert_false(err_wrap(&err, "reading %s", "keys"));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_string_equal(err.text, "reading keys: connection refused");
}

/* Context and text of every length around the limit. */
static void cuts_to_the_limit(void **state)
{
    (void)state;
    for (int before = 0; before <= ERR_TEXT_MAX + 2; before++) {
        for (int text = 0; text <= ERR_TEXT_MAX + 2; text += 47) {
            struct err err = ERR_NONE;

            (void)err_set(&err, ERR_INTERNAL, "%*s", text, "");
            (void)err_wrap(&err, "%*s", before, "");
            assert_true(memchr(err.text, '\0', sizeof err.text) != NULL);
        }
    }
}

static void every_code_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i <= ERR_INTERNAL; i++) {
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(err_code_name((enum err_code)i),
                                    err_code_name((enum err_code)k));
        }
    }
}

static void empty_memory_is_memory(void **state)
{
    void *a = mem_new(0);
    void *b = mem_zero(0, 8);

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    a = mem_grow(a, 0);
    assert_non_null(a);
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_worded_and_returns_false),
        cmocka_unit_test(wraps_what_is_there),
        cmocka_unit_test(cuts_to_the_limit),
        cmocka_unit_test(every_code_has_a_name),
        cmocka_unit_test(empty_memory_is_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

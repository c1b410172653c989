/* What an arena gives is aligned, apart, and gone at the reset. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <stdalign.h>

static void gives_aligned_pieces_that_do_not_touch(void **state)
{
    struct arena *a = arena_new(64);
    unsigned char *pieces[200];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        pieces[i] = arena_take(a, i);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)i, i);
    }
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_equal(pieces[i][k], i);
        }
    }
    arena_free(a);
}

static void keeps_the_first_block_over_a_reset(void **state)
{
    struct arena *a = arena_new(1024);
    void *first = arena_take(a, 16);

    (void)state;
    (void)memset(arena_take(a, 100000), 1, 100000);
    assert_true(arena_used(a) >= 100016);
    arena_reset(a);
    assert_int_equal(arena_used(a), 0);
    assert_ptr_equal(arena_take(a, 16), first);
    arena_free(a);
    arena_free(NULL);
}

static void zeroes_memory_that_was_used(void **state)
{
    struct arena *a = arena_new(256);
    const unsigned char *p = NULL;

    (void)state;
    (void)memset(arena_take(a, 128), 0xFF, 128);
    arena_reset(a);
    p = arena_zero(a, 16, 8);
    for (size_t i = 0; i < 128; i++) {
        assert_int_equal(p[i], 0);
    }
    arena_free(a);
}

static void copies_text_with_a_nul(void **state)
{
    struct arena *a = arena_new(0);
    struct str s = arena_str(a, (struct str){"abcd", 3});

    (void)state;
    assert_string_equal(s.data, "abc");
    assert_int_equal(s.len, 3);
    assert_string_equal(arena_cstr(a, STR_NONE), "");
    s = arena_printf(a, "%s-%d", "x", 12);
    assert_string_equal(s.data, "x-12");
    assert_int_equal(s.len, 4);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_aligned_pieces_that_do_not_touch),
        cmocka_unit_test(keeps_the_first_block_over_a_reset),
        cmocka_unit_test(zeroes_memory_that_was_used),
        cmocka_unit_test(copies_text_with_a_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

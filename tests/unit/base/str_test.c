/* Text is compared, cut and judged without reading past its end. */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>

static void compares_with_and_without_case(void **state)
{
    (void)state;
    assert_true(str_eq(STR("a"), STR("a")));
    assert_false(str_eq(STR("a"), STR("A")));
    assert_false(str_eq(STR("a"), STR("ab")));
    assert_true(str_eq(STR(""), STR_NONE));
    assert_true(str_eq_ci(STR("X-Api-Key"), STR("x-aPI-kEY")));
    assert_false(str_eq_ci(STR("["), STR("{")));
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_true(str_starts(STR("abc"), STR_NONE));
    assert_false(str_starts(STR("ab"), STR("abc")));
    assert_true(str_has(STR("abc"), 'c'));
    assert_false(str_has(STR_NONE, 'c'));
}

static void trims_blanks_at_both_ends(void **state)
{
    struct str s = str_trim(STR(" \t a b \t"));

    (void)state;
    assert_true(str_eq(s, STR("a b")));
    assert_int_equal(str_trim(STR("  ")).len, 0);
}

/* The byte behind the text is the separator: it must not be looked at. */
static void splits_to_the_end_and_not_beyond(void **state)
{
    static const struct {
        struct str text;
        const char *want;
    } cases[] = {
        {{"a,,b,", 4}, "[a][][b]"}, {{"a,", 2}, "[a]"},
        {{",,", 2}, "[][]"},        {{",", 0}, ""},
        {{"a,", 1}, "[a]"},         {{NULL, 0}, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str rest = cases[i].text;
        struct str part = STR_NONE;
        char got[32] = "";
        size_t n = 0;

        while (str_split(&rest, ',', &part)) {
            got[n++] = '[';
            memcpy(got + n, part.data, part.len);
            n += part.len;
            got[n++] = ']';
        }
        assert_string_equal(got, cases[i].want);
    }
}

static void reads_decimal_numbers_up_to_the_limit(void **state)
{
    uint64_t n = 7;

    (void)state;
    assert_true(str_to_u64(STR("0"), 0, &n));
    assert_int_equal(n, 0);
    assert_true(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &n));
    assert_true(n == UINT64_MAX);
    assert_true(str_to_u64(STR("0100"), 100, &n));
    assert_int_equal(n, 100);
    assert_false(str_to_u64(STR("101"), 100, &n));
    assert_false(str_to_u64(STR("18446744073709551616"), UINT64_MAX, &n));
    assert_false(str_to_u64(STR("99999999999999999999"), UINT64_MAX, &n));
    assert_false(str_to_u64(STR(""), 9, &n));
    assert_false(str_to_u64(STR("+1"), 9, &n));
    assert_false(str_to_u64(STR(" 1"), 9, &n));
    assert_false(str_to_u64(STR("1a"), 9, &n));
    assert_int_equal(n, 100);
}

static void knows_well_formed_utf8(void **state)
{
    static const char *const good[] = {"",
                                       "abc",
                                       "\x7F",
                                       "\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xC2\x41",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xE2\x82",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "a\xFEz"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(str_is_utf8(str_of(good[i])));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(str_is_utf8(str_of(bad[i])));
    }
    assert_false(str_is_utf8((struct str){"\xE2\x82\xAC", 2}));
}

static void counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(str_utf8_count(STR_NONE), 0);
    assert_int_equal(str_utf8_count(STR("a\xC3\xA9\xE2\x82\xAC")), 3);
    assert_int_equal(str_utf8_count(STR("\xF0\x9F\x98\x80")), 1);
}

static void finds_control_characters(void **state)
{
    (void)state;
    assert_false(str_has_control(STR("a\n\tb"), "\n\t"));
    assert_true(str_has_control(STR("a\rb"), "\n\t"));
    assert_true(str_has_control((struct str){"a\0b", 3}, "\n\t"));
    assert_true(str_has_control(STR("\x7F"), ""));
    assert_true(str_has_control(STR("\xC2\x80"), ""));
    assert_true(str_has_control(STR("\xC2\x9F"), ""));
    assert_false(str_has_control(STR("\xC2\xA0\xD7\xA9\xF0\x9F\x98\x80"), ""));
}

static void a_copy_ends_in_nul(void **state)
{
    char *part = str_dup((struct str){"abcdef", 3});
    char *none = str_dup(STR_NONE);

    (void)state;
    assert_string_equal(part, "abc");
    assert_string_equal(none, "");
    free(part);
    free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_with_and_without_case),
        cmocka_unit_test(trims_blanks_at_both_ends),
        cmocka_unit_test(splits_to_the_end_and_not_beyond),
        cmocka_unit_test(reads_decimal_numbers_up_to_the_limit),
        cmocka_unit_test(knows_well_formed_utf8),
        cmocka_unit_test(counts_code_points),
        cmocka_unit_test(finds_control_characters),
        cmocka_unit_test(a_copy_ends_in_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* An API key's form: what we make is well formed, and little else is. */
#include "store/key.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void a_made_key_is_well_formed(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct key_text key = key_make();

        assert_int_equal(strlen(key.data), KEY_LEN);
        assert_true(key_is_well_formed(str_of(key.data), NULL));
    }
}

static void any_changed_character_is_noticed(void **state)
{
    struct key_text key = key_make();

    (void)state;
    for (size_t i = 0; i < KEY_LEN; i++) {
        struct key_text bad = key;

        bad.data[i] = bad.data[i] == 'x' ? 'y' : 'x';
        assert_false(key_is_well_formed(str_of(bad.data), NULL));
    }
}

static void two_swapped_characters_are_noticed(void **state)
{
    (void)state;
    for (size_t i = 10; i + 1 < KEY_LEN - 6; i++) {
        struct key_text key = key_make();
        char c = key.data[i];

        if (c == key.data[i + 1]) {
            continue;
        }
        key.data[i] = key.data[i + 1];
        key.data[i + 1] = c;
        assert_false(key_is_well_formed(str_of(key.data), NULL));
    }
}

/* The hint names what the person did. */
static void a_hint_says_what_is_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"", "empty"},
        {"your_api_key_here", "placeholder"},
        {"\"porter_sk_abc\"", "quotes"},
        {" porter_sk_abc", "blanks"},
        {"sk_live_abc", "begins with"},
        {"porter_sk_abc", "looks truncated: 13 of 59 characters"},
        {"porter_sk_"
         "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
         "too long: 62 characters, not 59"},
        {"porter_sk_abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuv",
         "at place 37 "},
        {"porter_sk_abcdefghijklmnopqrstuvwxyz0abcdefghijklmnopqrstuv",
         "checksum"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char hint[160];

        assert_false(key_is_well_formed(str_of(cases[i].text), hint));
        assert_non_null(strstr(hint, cases[i].says));
    }
}

static void a_key_with_a_nul_inside_is_refused(void **state)
{
    struct key_text key = key_make();

    (void)state;
    key.data[20] = '\0';
    assert_false(key_is_well_formed((struct str){key.data, KEY_LEN}, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_key_is_well_formed),
        cmocka_unit_test(any_changed_character_is_noticed),
        cmocka_unit_test(two_swapped_characters_are_noticed),
        cmocka_unit_test(a_hint_says_what_is_wrong),
        cmocka_unit_test(a_key_with_a_nul_inside_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Words that very many have: kept by organization, and by each of the words. */
#include "store/frequent.h"

#include "base/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static uint64_t key_of(uint8_t org, struct str search, struct str email)
{
    struct id id = {{0}};
    const struct str words[] = {search, email};

    id.bytes[0] = org;
    return frequent_key(id, words, COUNT_OF(words));
}

static void what_was_added_is_known(void **state)
{
    uint64_t anna = key_of(1, STR("anna"), STR_NONE);

    (void)state;
    assert_false(frequent_has(anna));
    frequent_add(anna);
    assert_true(frequent_has(anna));
    assert_true(frequent_has(key_of(1, STR("anna"), STR_NONE)));
}

static void nothing_else_is(void **state)
{
    (void)state;
    frequent_add(key_of(2, STR("anna"), STR("x")));
    assert_false(frequent_has(key_of(3, STR("anna"), STR("x"))));
    assert_false(frequent_has(key_of(2, STR("anna"), STR_NONE)));
    assert_false(frequent_has(key_of(2, STR("anna"), STR(""))));
    assert_false(frequent_has(key_of(2, STR("annax"), STR(""))));
    assert_false(frequent_has(key_of(2, STR("x"), STR("anna"))));
    assert_false(frequent_has(key_of(2, STR_NONE, STR("x"))));
}

static void the_later_of_two_that_share_a_place_is_kept(void **state)
{
    uint64_t first = 7;
    uint64_t second = first + FREQUENT_MAX;

    (void)state;
    frequent_add(first);
    frequent_add(second);
    assert_false(frequent_has(first));
    assert_true(frequent_has(second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_known),
        cmocka_unit_test(nothing_else_is),
        cmocka_unit_test(the_later_of_two_that_share_a_place_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

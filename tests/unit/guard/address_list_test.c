/* A list of networks, and of those that may say who calls. */
#include "guard/address_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static bool has(const struct address_list *list, const char *text)
{
    struct address a = {0};

    assert_true(address_read(str_of(text), &a));
    return address_list_has(list, &a);
}

static void an_address_is_in_a_list_when_a_range_has_it(void **state)
{
    struct address_list list = {0};
    struct err err = ERR_NONE;

    (void)state;
    assert_true(address_list_read(STR(" 10.0.0.0/8,\tfd00::/8 ,192.0.2.7/32"),
                                  &list, &err));
    assert_int_equal(list.count, 3);
    assert_true(has(&list, "10.255.0.1"));
    assert_true(has(&list, "::ffff:10.0.0.1"));
    assert_true(has(&list, "fdff::1"));
    assert_true(has(&list, "192.0.2.7"));
    assert_false(has(&list, "192.0.2.8"));
    assert_false(has(&list, "11.0.0.1"));
    assert_false(has(&list, "::10.0.0.1"));
    assert_true(address_list_read(STR(""), &list, &err));
    assert_int_equal(list.count, 0);
    assert_false(has(&list, "10.0.0.1"));
}

static void every_part_that_is_no_range_is_named(void **state)
{
    struct address_list list = {0};
    struct err err = ERR_NONE;

    (void)state;
    assert_false(address_list_read(STR("10.0.0.1, 10.0.0.0/8,fd00::/129,"),
                                   &list, &err));
    assert_string_equal(err.text, "\"10.0.0.1\", \"fd00::/129\" is not a range "
                                  "such as 10.0.0.0/8 or fd00::/8; a single "
                                  "address is 192.0.2.1/32");
    assert_int_equal(list.count, 0);
}

static void a_list_has_an_end(void **state)
{
    struct address_list list = {0};
    struct err err = ERR_NONE;
    char text[(ADDRESS_LIST_MAX + 1) * 5 + 1] = "";

    (void)state;
    for (size_t i = 0; i <= ADDRESS_LIST_MAX; i++) {
        memcpy(text + i * 5, "::/8,", 5);
    }
    assert_true(address_list_read(
        (struct str){text, (size_t)ADDRESS_LIST_MAX * 5}, &list, &err));
    assert_int_equal(list.count, ADDRESS_LIST_MAX);
    assert_false(address_list_read(str_of(text), &list, &err));
    assert_string_equal(err.text, "more than 32 ranges");
}

static void nobody_trusts_everybody(void **state)
{
    static const char *const bad[] = {"0.0.0.0/0",     "10.0.0.0/8, 1.2.3.4/0",
                                      "::/0",          "::/80",
                                      "::ffff:0:0/96", "2000::/3",
                                      "3fff::/3",      "::/1"};
    static const char *const good[] = {"",         "0.0.0.0/1", "10.0.0.0/8",
                                       "fd00::/8", "2000::/4",  "fe80::/10",
                                       "::1/128"};
    struct address_list list = {0};
    struct err err = ERR_NONE;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (address_list_read_proxies(str_of(bad[i]), &list, &err)) {
            fail_msg("%s", bad[i]);
        }
    }
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (!address_list_read_proxies(str_of(good[i]), &list, &err)) {
            fail_msg("%s: %s", good[i], err.text);
        }
    }
    assert_false(
        address_list_read_proxies(STR("10.0.0.0/8 , 1.2.3.4/0"), &list, &err));
    assert_string_equal(err.text,
                        "\"1.2.3.4/0\" is everybody, who could then call under "
                        "any address; name the networks of your proxies");
    assert_false(address_list_read_proxies(STR("10.0.0.1"), &list, &err));
    assert_true(str_starts(str_of(err.text), STR("\"10.0.0.1\" is not")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_in_a_list_when_a_range_has_it),
        cmocka_unit_test(every_part_that_is_no_range_is_named),
        cmocka_unit_test(a_list_has_an_end),
        cmocka_unit_test(nobody_trusts_everybody),
    };

    return cmocka_run_group_tests_name("guard_address_list", tests, NULL, NULL);
}

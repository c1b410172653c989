/* The name that was meant; the list that stays short. */
#include "base/near.h"

#include "base/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct str nearest(const char *name)
{
    static const char *const known[] = {"limit", "cursor",       "status",
                                        "q",     "created_from", "created_to"};
    struct near near = near_to(str_of(name));

    for (size_t i = 0; i < COUNT_OF(known); i++) {
        near_try(&near, str_of(known[i]));
    }
    return near.best;
}

static void the_nearest_name_is_found(void **state)
{
    static const struct {
        const char *given;
        const char *meant;
    } cases[] = {
        {"limit", "limit"},
        {"LIMIT", "limit"},
        {"Limits", "limit"},
        {"limt", "limit"},
        {"statsu", "status"},
        {"created_form", "created_from"},
        {"created_too", "created_to"},
        {"CreatedFrom", "created_from"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_true(str_eq(nearest(cases[i].given), str_of(cases[i].meant)));
    }
}

static void what_is_not_near_is_near_to_none(void **state)
{
    static const char *const names[] = {
        "",
        "x",
        "ab",
        "colour",
        "lmt_",
        "page",
        "statusstatus",
        "created_fromcreated_fromcreated_fromcreated_fromcreated_fromcreated"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_int_equal(nearest(names[i]).len, 0);
    }
}

static void a_list_says_that_there_is_more_once(void **state)
{
    struct buf list = BUF_EMPTY;

    (void)state;
    near_list(&list, STR("a"));
    near_list(&list, STR("b"));
    assert_string_equal(buf_cstr(&list), "a, b");
    for (int i = 0; i < 100; i++) {
        near_list(&list, STR("location_id"));
    }
    assert_true(list.len <= NEAR_LIST_MAX + 5);
    assert_true(str_eq((struct str){list.data + list.len - 16, 16},
                       STR("location_id, ...")));
    buf_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_name_is_found),
        cmocka_unit_test(what_is_not_near_is_near_to_none),
        cmocka_unit_test(a_list_says_that_there_is_more_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

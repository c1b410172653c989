/* A cookie is found by its exact name, and told when it is there twice. */
#include "web/cookie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define NAME STR("__Host-a")

static void a_cookie_is_found_among_others(void **state)
{
    static const struct {
        const char *header;
        size_t count;
        const char *value;
    } rows[] = {
        {"__Host-a=1", 1, "1"},
        {"b=2; __Host-a=1; c=3", 1, "1"},
        {"b=2;__Host-a=1", 1, "1"},
        {"  __Host-a = 1 ", 1, "1"},
        {"__Host-a=\"1\"", 1, "1"},
        {"__Host-a=x=y==", 1, "x=y=="},
        {"__Host-a=", 1, ""},
        {"__Host-a=1; __Host-a=2", 2, "1"},
        {"", 0, NULL},
        {"__Host-a", 0, NULL},
        {"__host-a=1", 0, NULL},
        {"x__Host-a=1", 0, NULL},
        {"__Host-ab=1", 0, NULL},
        {"b=__Host-a=1", 0, NULL},
        {"b=\"; __Host-a=1\"", 1, "1\""}, /* Quotes hide nothing. */
        {";;=;= ;", 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str value = STR_NONE;

        assert_int_equal(cookie_read(str_of(rows[i].header), NAME, &value),
                         rows[i].count);
        assert_true(str_eq(value, str_of(rows[i].value)));
    }
}

static void all_headers_are_looked_at(void **state)
{
    static const struct web_request request = {
        .headers = {{{"Cookie", 6}, {"b=2", 3}},
                    {{"X-Cookie", 8}, {"__Host-a=0", 10}},
                    {{"cookie", 6}, {"__Host-a=1", 10}},
                    {{"COOKIE", 6}, {"__Host-a=2", 10}}},
        .header_count = 4,
    };
    struct str value = STR_NONE;

    (void)state;
    assert_int_equal(cookie_find(&request, NAME, &value), 2);
    assert_true(str_eq(value, STR("1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cookie_is_found_among_others),
        cmocka_unit_test(all_headers_are_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

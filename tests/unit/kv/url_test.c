/* Where Redis is, as operators write it. */
#include "kv/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void good_urls_are_read(void **state)
{
    static const struct {
        const char *text, *place, *user, *password;
        int port, database;
    } cases[] = {
        {"redis://localhost", "localhost", "", "", 6379, 0},
        {"redis://10.0.0.1:7000/3", "10.0.0.1", "", "", 7000, 3},
        {"redis://:pw@h:1", "h", "", "pw", 1, 0},
        {"redis://me:p%40%3a:w@h/", "h", "me", "p@::w", 6379, 0},
        {"redis://[::1]:6380", "::1", "", "", 6380, 0},
        {"redis://[::1]", "::1", "", "", 6379, 0},
        {"unix:/run/redis.sock", "/run/redis.sock", "", "", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct kv_url url = {0};
        struct err err = ERR_NONE;

        assert_true(kv_url_read(cases[i].text, &url, &err));
        assert_string_equal(url.place, cases[i].place);
        assert_string_equal(url.user, cases[i].user);
        assert_string_equal(url.password, cases[i].password);
        assert_int_equal(url.port, cases[i].port);
        assert_int_equal(url.database, cases[i].database);
    }
}

static void bad_urls_are_refused_without_showing_them(void **state)
{
    static const char *const cases[] = {
        "",
        "localhost",
        "rediss://geheim@h",
        "unix:",
        "redis://",
        "redis://geheim@h:0",
        "redis://geheim@h:99999",
        "redis://geheim@h/x",
        "redis://geheim%4@h",
        "redis://geheim%00@h",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct kv_url url = {0};
        struct err err = ERR_NONE;

        assert_false(kv_url_read(cases[i], &url, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_null(strstr(err.text, "geheim"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_urls_are_read),
        cmocka_unit_test(bad_urls_are_refused_without_showing_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

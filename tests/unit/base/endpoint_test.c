/* Which URLs a webhook may have. */
#include "base/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
    const char *url;
    bool in_production;
    bool in_development;
} cases[] = {
    {"https://example.com/hook?a=1", true, true},
    {"https://example.com", true, true},
    {"https://example.com?a=1", true, true},
    {"HTTPS://Example.COM/", true, true},
    {"https://xn--bcher-kva.example/", true, true},
    {"https://my_host.example/", true, true},
    {"https://example.com:443/", true, true},
    {"https://example.com:8443/", true, true},
    {"https://example.com:1024/", true, true},
    {"https://example.com:65535/", true, true},
    {"https://8.8.8.8/", true, true},
    {"https://[2606:4700:4700::1111]:8443/", true, true},
    {"https://example.com/a@b", true, true},
    {"https://example.com/a-._~!$&'()*+,;=:@b?c=d/e?f%20%C3%a4", true, true},
    /* Ports of other services. */
    {"https://example.com:80/", false, false},
    {"https://example.com:22/", false, false},
    {"https://example.com:1023/", false, false},
    {"https://example.com:0/", false, false},
    {"https://example.com:65536/", false, false},
    {"https://example.com:/", false, false},
    {"https://example.com:4x3/", false, false},
    {"https://example.com:+443/", false, false},
    /* Plain HTTP: loopback alone, in development alone. */
    {"http://127.0.0.1:8080/", false, true},
    {"http://127.1.2.3:8080/", false, true},
    {"http://localhost:8080/hook", false, true},
    {"http://LOCALHOST:8080/hook", false, true},
    {"http://[::1]:8080/", false, true},
    {"http://localhost/", false, false}, /* port 80 */
    {"http://example.com:8080/", false, false},
    {"http://example.com/hook", false, false},
    {"http://10.0.0.1:8080/", false, false},
    {"http://128.0.0.1:8080/", false, false},
    {"http://localhost.example.com:8080/", false, false},
    {"http://127.0.0.1.example.com:8080/", false, false},
    {"http://2130706433:8080/", false, false},
    {"http://0x7f000001:8080/", false, false},
    {"http://127.1:8080/", false, false},
    {"http://[::ffff:127.0.0.1]:8080/", false, false},
    {"http://[::2]:8080/", false, false},
    /* Who else might be meant? */
    {"https://user:secret@example.com/", false, false},
    {"https://example.com@evil.example/", false, false},
    {"https://@example.com/", false, false},
    {"https://localhost\\@evil.example/", false, false},
    {"http://127.0.0.1:8080@evil.example/", false, false},
    {"https://exa mple.com/", false, false},
    {"https://example.com/\x01", false, false},
    {"https://ex\xc3\xa4mple.com/", false, false},
    {"https://example.com/#fragment", false, false},
    {"https://exa%6dple.com/", false, false},
    {"https://example.com/{id}", false, false},
    {"https://example.com/}", false, false},
    {"https://example.com/a|b", false, false},
    {"https://example.com/\"", false, false},
    {"https://example.com/<a>", false, false},
    {"https://example.com/a^b", false, false},
    {"https://example.com/`", false, false},
    {"https://example.com/?a[]=1", false, false},
    {"https://example.com/100%", false, false},
    {"https://example.com/%2", false, false},
    {"https://example.com/%g0", false, false},
    {"https://example.com,evil.example/", false, false},
    /* No URL. */
    {"", false, false},
    {"https://", false, false},
    {"https:///path", false, false},
    {"https://:443/", false, false},
    {"https://.example.com/", false, false},
    {"https://[::1/", false, false},
    {"https://[]/", false, false},
    {"https://[::1]x/", false, false},
    {"https://[fe80::1%25eth0]/", false, false},
    {"https://[example.com]/", false, false},
    {"example.com", false, false},
    {"ftp://example.com/", false, false},
    {"//example.com/", false, false},
    {"https:/example.com/", false, false},
};

static void a_url_is_judged_by_its_spelling(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = ERR_NONE;
        struct str url = str_of(cases[i].url);

        if (endpoint_check(url, false, &err) != cases[i].in_production) {
            fail_msg("%s in production: %s", cases[i].url, err.text);
        }
        if (endpoint_check(url, true, &err) != cases[i].in_development) {
            fail_msg("%s in development: %s", cases[i].url, err.text);
        }
    }
}

static void a_refusal_says_what_to_do(void **state)
{
    struct err err = ERR_NONE;

    (void)state;
    assert_false(endpoint_check(STR("http://a.example/"), false, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.text, "the URL must begin with https://");
    assert_false(endpoint_check(STR("https://a.example:25/"), false, &err));
    assert_string_equal(err.text, "the URL's port must be 443, 8443 or "
                                  "another from 1024 on");
}

static void the_longest_url_is_2048_bytes(void **state)
{
    char text[ENDPOINT_URL_MAX + 2];
    struct err err = ERR_NONE;

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://example.com/", 20);
    assert_true(
        endpoint_check((struct str){text, ENDPOINT_URL_MAX}, false, &err));
    assert_false(
        endpoint_check((struct str){text, ENDPOINT_URL_MAX + 1}, false, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_judged_by_its_spelling),
        cmocka_unit_test(a_refusal_says_what_to_do),
        cmocka_unit_test(the_longest_url_is_2048_bytes),
    };

    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}

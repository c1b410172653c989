/* The verdicts: of a URL before anything is asked, of an address when it is
 * about to be connected to. */
#include "guard/guard.h"
#include "guard/name.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/un.h>
#include <cmocka.h>

static struct guard with(const char *allow, bool is_development)
{
    struct guard g = {0};
    struct err err = ERR_NONE;

    assert_true(guard_read(str_of(allow), is_development, &g, &err));
    return g;
}

static bool may(struct guard *g, const char *text, unsigned port)
{
    struct sockaddr_storage s = {0};
    struct err why = ERR_NONE;

    if (strchr(text, ':') != NULL) {
        struct sockaddr_in6 a = {.sin6_family = AF_INET6,
                                 .sin6_port = htons((uint16_t)port)};
        assert_int_equal(inet_pton(AF_INET6, text, &a.sin6_addr), 1);
        memcpy(&s, &a, sizeof a);
    } else {
        struct sockaddr_in a = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port)};
        assert_int_equal(inet_pton(AF_INET, text, &a.sin_addr), 1);
        memcpy(&s, &a, sizeof a);
    }
    bool ok = guard_may_connect(g, (struct sockaddr *)&s, &why);
    assert_int_equal(why.code, ok ? ERR_OK : ERR_FORBIDDEN);
    return ok;
}

static bool url_is_fine(const struct guard *g, const char *url,
                        enum err_code code)
{
    struct err err = ERR_NONE;
    bool ok = guard_url(g, str_of(url), &err);

    if (!ok && err.code != code) {
        fail_msg("%s: %s", url, err.text);
    }
    return ok;
}

static void only_public_addresses_are_connected_to(void **state)
{
    struct guard g = with("", false);

    (void)state;
    assert_true(may(&g, "8.8.8.8", 443));
    assert_true(may(&g, "2606:4700:4700::1111", 443));
    assert_true(may(&g, "64:ff9b::8.8.8.8", 443));
    assert_true(may(&g, "::ffff:8.8.8.8", 443));
    assert_false(may(&g, "127.0.0.1", 443));
    assert_false(may(&g, "::1", 443));
    assert_false(may(&g, "::ffff:127.0.0.1", 443));
    assert_false(may(&g, "64:ff9b::169.254.169.254", 443));
}

static void low_ports_but_443_are_refused(void **state)
{
    struct guard g = with("127.0.0.0/8", false);

    (void)state;
    assert_true(may(&g, "8.8.8.8", 443));
    assert_true(may(&g, "8.8.8.8", 8443));
    assert_true(may(&g, "8.8.8.8", 1024));
    assert_false(may(&g, "8.8.8.8", 80));
    assert_false(may(&g, "8.8.8.8", 25));
    assert_false(may(&g, "8.8.8.8", 1023));
    assert_true(may(&g, "127.0.0.1", 443));
    assert_false(may(&g, "127.0.0.1", 25));
}

static void another_kind_of_socket_is_refused(void **state)
{
    struct guard g = with("0.0.0.0/0,::/0", true);
    struct sockaddr_un s = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
    struct err why = ERR_NONE;

    (void)state;
    assert_false(guard_may_connect(&g, (struct sockaddr *)&s, &why));
    assert_int_equal(why.code, ERR_FORBIDDEN);
}

static void what_is_allowed_is_reachable(void **state)
{
    struct guard g = with("10.1.0.0/16, ::1/128,0.0.0.0/32", false);

    (void)state;
    assert_true(may(&g, "10.1.2.3", 443));
    assert_true(may(&g, "::ffff:10.1.2.3", 443));
    assert_true(may(&g, "::1", 8443));
    assert_false(may(&g, "10.2.0.1", 443));
    assert_false(may(&g, "::2", 443));
    assert_false(may(&g, "127.0.0.1", 443));
    /* What leads there by a detour is not what was allowed. */
    assert_false(may(&g, "64:ff9b::10.1.2.3", 443));
    assert_false(may(&g, "::10.1.2.3", 443));
}

static void a_range_must_be_one(void **state)
{
    static const char *const bad[] = {
        "10.0.0.0", "10.0.0.0/33",  "/8",          "10.0.0/8", "::/129",
        "x/8",      "10.0.0.0/8,,", "10.0.0.0/-1", "::/",      "10.0.0.0/8/8"};
    struct guard g;
    struct err err = ERR_NONE;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (guard_read(str_of(bad[i]), false, &g, &err)) {
            fail_msg("%s", bad[i]);
        }
    }
}

static void only_https_but_to_loopback_in_development(void **state)
{
    struct guard strict = with("127.0.0.0/8,::1/128", false);
    struct guard loose = with("127.0.0.0/8,::1/128", true);
    static const struct {
        const char *url;
        bool in_development;
    } cases[] = {
        {"http://127.0.0.1:8080/", true},
        {"http://127.1.2.3:8080/", true},
        {"http://localhost:8080/hook", true},
        {"http://LOCALHOST.:8080/hook", true},
        {"http://a.localhost:8080/hook", true},
        {"http://[::1]:8080/", true},
        {"http://example.com:8080/", false},
        {"http://10.0.0.1:8080/", false},
        {"http://128.0.0.1:8080/", false},
        {"http://localhost.example.com:8080/", false},
        {"http://127.0.0.1.example.com:8080/", false},
        {"http://2130706433:8080/", false},
        {"http://[::2]:8080/", false},
    };

    (void)state;
    assert_true(url_is_fine(&strict, "https://a.example/", ERR_OK));
    assert_true(url_is_fine(&loose, "https://a.example/", ERR_OK));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_false(url_is_fine(&strict, cases[i].url, ERR_INVALID));
        if (url_is_fine(&loose, cases[i].url, ERR_INVALID) !=
            cases[i].in_development) {
            fail_msg("%s", cases[i].url);
        }
    }
}

/* The same address, once in a URL and once about to be connected to. */
static void a_literal_address_has_one_verdict(void **state)
{
    static const char *const addresses[] = {
        "8.8.8.8",
        "127.0.0.1",
        "127.66.0.1",
        "10.1.0.1",
        "10.2.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "168.63.129.16",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::2",
        "::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b::7f00:1",
        "64:ff9b:1::808:808",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2606:4700:4700::1111",
        "fd00::1",
        "fd01::1",
        "fe80::1",
        "ff02::1",
    };
    static const char *const allow[] = {"", "127.0.0.0/16,10.1.0.0/16",
                                        "fd00::/16,::1/128", "0.0.0.0/0",
                                        "::/0"};
    char url[80];

    (void)state;
    for (size_t k = 0; k < COUNT_OF(allow); k++) {
        struct guard g = with(allow[k], k % 2 == 0);

        for (size_t i = 0; i < COUNT_OF(addresses); i++) {
            bool is_v6 = strchr(addresses[i], ':') != NULL;

            (void)snprintf(url, sizeof url,
                           is_v6 ? "https://[%s]/" : "https://%s/",
                           addresses[i]);
            if (url_is_fine(&g, url, ERR_FORBIDDEN) !=
                may(&g, addresses[i], 443)) {
                fail_msg("%s with \"%s\"", url, allow[k]);
            }
        }
    }
}

static void localhost_is_a_literal_address_too(void **state)
{
    struct guard none = with("10.0.0.0/8", true);
    struct guard v4 = with("127.0.0.1/32", false);
    struct guard v6 = with("::1/128", false);

    (void)state;
    assert_false(url_is_fine(&none, "https://localhost/", ERR_FORBIDDEN));
    assert_false(url_is_fine(&none, "http://localhost:8080/", ERR_FORBIDDEN));
    assert_false(
        url_is_fine(&none, "https://a.LocalHost.:8443", ERR_FORBIDDEN));
    assert_true(url_is_fine(&v4, "https://localhost/", ERR_OK));
    assert_true(url_is_fine(&v6, "https://a.localhost/", ERR_OK));
    assert_true(url_is_fine(&none, "https://localhost.example/", ERR_OK));
}

static void a_refusal_says_what_it_is_and_what_to_do(void **state)
{
    struct guard strict = with("", false);
    struct guard loose = with("", true);
    struct err err = ERR_NONE;

    (void)state;
    assert_false(guard_url(&strict, STR("https://10.0.0.1/"), &err));
    assert_string_equal(err.text, "the URL's address 10.0.0.1 is refused "
                                  "(private): use a public one");
    assert_false(guard_url(&loose, STR("https://[::1]/"), &err));
    assert_string_equal(err.text,
                        "the URL's address ::1 is refused (loopback): use a "
                        "public one, or add it to PORTER_EGRESS_ALLOW");
    assert_false(guard_url(&strict, STR("https://a.localhost/"), &err));
    assert_string_equal(err.text, "the URL's host a.localhost is refused "
                                  "(loopback): use a public one");
    assert_false(guard_url(&strict, STR("http://8.8.8.8:8080/"), &err));
    assert_string_equal(err.text, "the URL must begin with https://");
}

/* What is looked up: tests/integration/test_webhook_names.py. */
static void nothing_but_a_name_is_looked_up(void **state)
{
    struct guard strict = with("", false);
    struct err err = ERR_NONE;

    (void)state;
    assert_int_equal(guard_name(&strict, STR("https://10.0.0.1/"),
                                (struct id){{0}}, 1, &err),
                     NAME_FINE);
    assert_int_equal(guard_name(&strict, STR("https://localhost/"),
                                (struct id){{0}}, 1, &err),
                     NAME_FINE);
    assert_int_equal(
        guard_name(&strict, STR("https://a.test/"), (struct id){{0}}, 0, &err),
        NAME_FINE);
    assert_int_equal(err.code, ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_public_addresses_are_connected_to),
        cmocka_unit_test(low_ports_but_443_are_refused),
        cmocka_unit_test(another_kind_of_socket_is_refused),
        cmocka_unit_test(what_is_allowed_is_reachable),
        cmocka_unit_test(a_range_must_be_one),
        cmocka_unit_test(only_https_but_to_loopback_in_development),
        cmocka_unit_test(a_literal_address_has_one_verdict),
        cmocka_unit_test(localhost_is_a_literal_address_too),
        cmocka_unit_test(a_refusal_says_what_it_is_and_what_to_do),
        cmocka_unit_test(nothing_but_a_name_is_looked_up),
    };

    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}

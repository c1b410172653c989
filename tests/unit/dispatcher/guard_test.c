/* Which addresses a webhook may reach. */
#include "dispatcher/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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
    return guard_may_connect(g, (struct sockaddr *)&s, &why);
}

static void only_the_internet_is_reachable(void **state)
{
    static const struct {
        const char *address;
        bool want;
    } cases[] = {
        {"8.8.8.8", true},
        {"1.1.1.1", true},
        {"0.0.0.0", false},
        {"9.255.255.255", true},
        {"10.0.0.0", false},
        {"10.255.255.255", false},
        {"11.0.0.0", true},
        {"100.63.255.255", true},
        {"100.64.0.0", false},
        {"100.127.255.255", false},
        {"100.128.0.0", true},
        {"127.0.0.1", false},
        {"127.255.255.254", false},
        {"169.254.169.254", false},
        {"172.15.255.255", true},
        {"172.16.0.0", false},
        {"172.31.255.255", false},
        {"172.32.0.0", true},
        {"192.0.0.170", false},
        {"192.0.2.1", false},
        {"192.88.99.1", false},
        {"192.167.255.255", true},
        {"192.168.0.1", false},
        {"192.169.0.0", true},
        {"198.17.255.255", true},
        {"198.18.0.1", false},
        {"198.19.255.255", false},
        {"198.20.0.0", true},
        {"198.51.100.1", false},
        {"203.0.113.9", false},
        {"223.255.255.255", true},
        {"224.0.0.1", false},
        {"240.0.0.1", false},
        {"255.255.255.255", false},
        {"2606:4700:4700::1111", true},
        {"2a00:1450:4001::1", true},
        {"::", false},
        {"::1", false},
        {"::8.8.8.8", false},
        {"::ffff:8.8.8.8", true},
        {"::ffff:127.0.0.1", false},
        {"::ffff:169.254.169.254", false},
        {"64:ff9b::8.8.8.8", true},
        {"64:ff9b::10.0.0.1", false},
        {"64:ff9b::169.254.169.254", false},
        {"64:ff9b:1::1", false},
        {"100::1", false},
        {"2001::1", false},
        {"2001:20::1", false},
        {"2001:200::1", true},
        {"2001:db8::1", false},
        {"2002:7f00:1::", false},
        {"2002:808:808::", false},
        {"3fff::1", false},
        {"4000::1", false},
        {"5f00::1", false},
        {"fc00::1", false},
        {"fd00:ec2::254", false},
        {"fe80::1", false},
        {"fec0::1", false},
        {"ff02::1", false},
    };
    struct guard g = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (may(&g, cases[i].address, 443) != cases[i].want) {
            fail_msg("%s", cases[i].address);
        }
    }
}

static void low_ports_but_443_are_refused(void **state)
{
    struct guard g = {0};

    (void)state;
    assert_true(may(&g, "8.8.8.8", 443));
    assert_true(may(&g, "8.8.8.8", 8443));
    assert_true(may(&g, "8.8.8.8", 1024));
    assert_false(may(&g, "8.8.8.8", 80));
    assert_false(may(&g, "8.8.8.8", 25));
    assert_false(may(&g, "8.8.8.8", 1023));
}

static void what_is_allowed_is_reachable(void **state)
{
    struct guard g = {0};
    struct err err = ERR_NONE;

    (void)state;
    assert_true(
        guard_read(STR("10.1.0.0/16, ::1/128,0.0.0.0/32"), false, &g, &err));
    assert_true(may(&g, "10.1.2.3", 443));
    assert_true(may(&g, "::ffff:10.1.2.3", 443));
    assert_true(may(&g, "::1", 80));
    assert_false(may(&g, "10.2.0.1", 443));
    assert_false(may(&g, "::2", 443));
    assert_false(may(&g, "127.0.0.1", 443));
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
    struct guard strict = {0};
    struct guard loose = {.is_development = true};
    struct err err = ERR_NONE;

    (void)state;
    assert_true(guard_url(&strict, STR("https://a.example/"), &err));
    assert_false(guard_url(&strict, STR("http://a.example/"), &err));
    assert_true(guard_url(&loose, STR("http://127.0.0.1:8080/"), &err));
    assert_false(guard_url(&loose, STR("http://a.example/"), &err));
    assert_int_equal(err.code, ERR_FORBIDDEN);
    assert_false(guard_url(&loose, STR("file:///etc/passwd"), &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_internet_is_reachable),
        cmocka_unit_test(low_ports_but_443_are_refused),
        cmocka_unit_test(what_is_allowed_is_reachable),
        cmocka_unit_test(a_range_must_be_one),
        cmocka_unit_test(only_https_but_to_loopback_in_development),
    };

    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}

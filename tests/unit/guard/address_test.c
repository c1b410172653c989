/* Which addresses are public: every special range by its first and last address
 * and by its neighbours. */
#include "guard/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct address read(const char *text)
{
    struct address a = {0};

    if (!address_read(str_of(text), &a)) {
        fail_msg("%s is no address", text);
    }
    return a;
}

static bool is_public(const char *text)
{
    struct address a = read(text);

    return address_why_not_public(&a) == NULL;
}

/* IANA's registries as of 2026, by their boundaries. NULL: the neighbour is not
 * public either, or there is none. */
static const struct {
    const char *before;
    const char *first;
    const char *last;
    const char *after;
} ranges[] = {
    {NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
    {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
    {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
    {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
    {"168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"},
    {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
    {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
    {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
    {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
    {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
    {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
    {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
    {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
    {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
    {"223.255.255.255", "224.0.0.0", "239.255.255.255", NULL},
    {NULL, "240.0.0.0", "255.255.255.255", NULL},
    /* The v4 ranges through a mapped and a NAT64 address. */
    {"::ffff:9.255.255.255", "::ffff:10.0.0.0", "::ffff:10.255.255.255",
     "::ffff:11.0.0.0"},
    {"64:ff9b::126.255.255.255", "64:ff9b::127.0.0.0",
     "64:ff9b::127.255.255.255", "64:ff9b::128.0.0.0"},
    {"64:ff9b::169.253.255.255", "64:ff9b::169.254.0.0",
     "64:ff9b::169.254.255.255", "64:ff9b::169.255.0.0"},
    /* v6: all outside 2000::/3, and the exceptions inside. */
    {NULL, "::", "::fffe:ffff:ffff", NULL},
    {NULL, "::1:0:0:0", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {NULL, "64:ff9b:0:0:0:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", NULL},
    {NULL, "100::", "100::ffff:ffff:ffff:ffff", NULL},
    {NULL, "1fff::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
    {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
    {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
    {"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"},
    {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
    {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    /* ISATAP, by the v4 address inside. */
    {"2606::5efe:9.255.255.255", "2606::5efe:10.0.0.0",
     "2606::5efe:10.255.255.255", "2606::5efe:11.0.0.0"},
    {"2606::200:5efe:126.255.255.255", "2606::200:5efe:127.0.0.0",
     "2606::200:5efe:127.255.255.255", "2606::200:5efe:128.0.0.0"},
};

static void a_special_range_ends_where_it_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        if (is_public(ranges[i].first) || is_public(ranges[i].last)) {
            fail_msg("%s to %s", ranges[i].first, ranges[i].last);
        }
        if ((ranges[i].before != NULL && !is_public(ranges[i].before)) ||
            (ranges[i].after != NULL && !is_public(ranges[i].after))) {
            fail_msg("beside %s to %s", ranges[i].first, ranges[i].last);
        }
    }
}

static void well_known_ones_are_judged_right(void **state)
{
    static const struct {
        const char *address;
        const char *why; /* NULL: public */
    } cases[] = {
        {"8.8.8.8", NULL},
        {"1.1.1.1", NULL},
        {"2606:4700:4700::1111", NULL},
        {"2001:4860:4860::8888", NULL},
        {"64:ff9b::8.8.8.8", NULL},
        {"192.31.196.1", NULL}, /* AS112: special, but globally reachable. */
        {"192.52.193.1", NULL}, /* AMT, too. */
        {"192.175.48.1", NULL}, /* AS112 again. */
        {"2620:4f:8000::1", NULL},
        {"127.0.0.1", "loopback"},
        {"::1", "loopback"},
        {"::", "unspecified"},
        {"::127.0.0.1", "IPv4-compatible"},
        {"::8.8.8.8", "IPv4-compatible"},
        {"::ffff:127.0.0.1", "loopback"},
        {"::ffff:0:127.0.0.1", "not public"}, /* IPv4-translated, RFC 2765. */
        {"64:ff9b::127.0.0.1", "loopback"},
        {"64:ff9b:1::8.8.8.8", "local NAT64"},
        {"169.254.169.254", "link-local, cloud metadata"},
        {"169.254.170.2", "link-local, cloud metadata"},
        {"100.100.100.200", "carrier NAT"},      /* Alibaba's metadata. */
        {"192.0.0.192", "protocol assignments"}, /* Oracle's. */
        {"168.63.129.16", "cloud metadata"},
        {"fd00:ec2::254", "private"},
        {"fd20:ce::254", "private"},
        {"255.255.255.255", "reserved"},
        {"fe80::1", "link-local"},
        {"fec0::1", "not public"},
        {"ff02::1", "multicast"},
        {"2002:7f00:1::", "6to4"},
        {"2001::1", "protocol assignments, Teredo"},
        {"5f00::1", "not public"},
        {"2606::5efe:192.168.0.1", "private"},
        {"2606::5eff:192.168.0.1", NULL},
        {"2606::100:5efe:192.168.0.1", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address a = read(cases[i].address);
        const char *why = address_why_not_public(&a);

        if ((why == NULL) != (cases[i].why == NULL) ||
            (why != NULL && strcmp(why, cases[i].why) != 0)) {
            fail_msg("%s: %s", cases[i].address, why == NULL ? "-" : why);
        }
    }
}

static void loopback_is_two_ranges(void **state)
{
    static const char *const yes[] = {"127.0.0.0", "127.255.255.255",
                                      "::ffff:127.0.0.1", "::1"};
    static const char *const no[] = {"126.255.255.255", "128.0.0.0",
                                     "::", "::2", "64:ff9b::7f00:1"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        struct address a = read(yes[i]);
        assert_true(address_is_loopback(&a));
    }
    for (size_t i = 0; i < COUNT_OF(no); i++) {
        struct address a = read(no[i]);
        assert_false(address_is_loopback(&a));
    }
}

static void only_one_spelling_of_v4_is_an_address(void **state)
{
    static const char *const bad[] = {
        "",          "1",           "1.2.3",    "1.2.3.4.5", "01.2.3.4",
        "0x1.2.3.4", "1.2.3.256",   " 1.2.3.4", "1.2.3.4 ",  "1.2.3.4.",
        "fe80::1%1", "fe80::1%lo",  "[::1]",    ":",         ":::",
        "1::2::3",   "::1.2.3.256", "12345::"};
    struct address a;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (address_read(str_of(bad[i]), &a)) {
            fail_msg("%s", bad[i]);
        }
    }
    assert_false(address_read(STR("127.0.0.1\0.x"), &a));
    assert_false(address_read(
        STR("1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"), &a));
}

static void an_address_is_written_as_people_do(void **state)
{
    static const char *const texts[] = {"192.0.2.1", "2001:db8::1",
                                        "::", "255.255.255.255"};
    char text[ADDRESS_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct address a = read(texts[i]);

        address_write(&a, text);
        assert_string_equal(text, texts[i]);
    }
}

static void a_range_has_what_its_prefix_has(void **state)
{
    static const struct {
        const char *range;
        const char *address;
        bool want;
    } cases[] = {
        {"10.1.0.0/16", "10.1.255.255", true},
        {"10.1.0.0/16", "10.2.0.0", false},
        {"10.1.2.3/16", "10.1.0.0", true},
        {"10.1.0.0/17", "10.1.127.255", true},
        {"10.1.0.0/17", "10.1.128.0", false},
        {"10.1.2.3/32", "10.1.2.3", true},
        {"10.1.2.3/32", "10.1.2.2", false},
        {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "10.0.0.1", true},
        {"::/0", "ffff::", true},
        {"fd00::/8", "fdff::1", true},
        {"fd00::/8", "fc00::1", false},
        {"::1/128", "::1", true},
        {"::1/128", "::", false},
        {"::ffff:10.0.0.0/104", "10.9.9.9", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address_range r = {0};
        struct address a = read(cases[i].address);

        assert_true(address_range_read(str_of(cases[i].range), &r));
        if (address_is_in(&a, &r) != cases[i].want) {
            fail_msg("%s in %s", cases[i].address, cases[i].range);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_special_range_ends_where_it_ends),
        cmocka_unit_test(well_known_ones_are_judged_right),
        cmocka_unit_test(loopback_is_two_ranges),
        cmocka_unit_test(only_one_spelling_of_v4_is_an_address),
        cmocka_unit_test(an_address_is_written_as_people_do),
        cmocka_unit_test(a_range_has_what_its_prefix_has),
    };

    return cmocka_run_group_tests_name("guard_address", tests, NULL, NULL);
}

/* What a webhook's URL looks like. */
#include "guard/url.h"

#include "guard/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* What may be a webhook's URL somewhere; where it leads is guard_test.c's. */
static const struct {
    const char *url;
    bool want;
} cases[] = {
    {"https://example.com/hook?a=1", true},
    {"https://example.com", true},
    {"https://example.com?a=1", true},
    {"HTTPS://Example.COM/", true},
    {"https://xn--bcher-kva.example/", true},
    {"https://xn--p1b6ci4b4b3a.xn--11b4c3d/", true},
    {"https://my_host.example/", true},
    {"https://example.com./", true},
    {"https://com/", true},
    {"https://example._x/", true},
    {"https://123.example/", true},
    {"https://1.2.3.4.example/", true},
    {"https://example.com:443/", true},
    {"https://example.com:8443/", true},
    {"https://example.com:1024/", true},
    {"https://example.com:65535/", true},
    {"https://8.8.8.8/", true},
    {"https://8.8.8.8:8443", true},
    {"https://[2606:4700:4700::1111]:8443/", true},
    {"https://[2606:4700:4700:0:0:0:0:1111]?x", true},
    {"https://[64:ff9b::808:808]/", true},
    {"https://[::1]/", true},
    {"https://example.com/a@b", true},
    {"https://example.com/a-._~!$&'()*+,;=:@b?c=d/e?f%20%C3%a4", true},
    {"http://example.com:8080/", true},
    {"http://127.0.0.1:8080/", true},
    {"https://127.0.0.1/", true},
    {"https://localhost/", true},
    /* Ports of other services. */
    {"https://example.com:80/", false},
    {"https://example.com:22/", false},
    {"https://example.com:1023/", false},
    {"https://example.com:0/", false},
    {"https://example.com:65536/", false},
    {"https://example.com:/", false},
    {"https://example.com:4x3/", false},
    {"https://example.com:+443/", false},
    {"http://localhost/", false}, /* port 80 */
    /* Addresses in disguise. */
    {"https://2130706433/", false},
    {"https://017700000001/", false},
    {"https://0x7f000001/", false},
    {"https://0X7F000001/", false},
    {"https://0x7f.0x0.0x0.0x1/", false},
    {"https://0177.0.0.1/", false},
    {"https://127.0.0.01/", false},
    {"https://127.1/", false},
    {"https://127.0.1/", false},
    {"https://127.0.0.1./", false},
    {"https://0x7f.1/", false},
    {"https://0/", false},
    {"https://0x/", false},
    {"https://00000000000000000000000177.0.0.1/", false},
    {"https://[::ffff:127.0.0.1]/", false},
    {"https://[::ffff:7f00:1]/", false},
    {"https://[0:0:0:0:0:ffff:8.8.8.8]/", false},
    {"https://[64:ff9b::8.8.8.8]/", false},
    /* Neither an address nor a name. */
    {"https://256.0.0.1/", false},
    {"https://1.2.3.4.5/", false},
    {"https://127.0.0.1.1/", false},
    {"https://4294967296/", false},
    {"https://1.2.3.256/", false},
    {"https://1.16777216/", false},
    {"https://08.8.8.8/", false},
    {"https://0xg/", false},
    {"https://1..2/", false},
    {"https://127.0.0.1../", false},
    {"https://example.com../", false},
    {"https://example.123/", false},
    {"https://example.0x7f/", false},
    {"https://example.-a/", false},
    {"https://./", false},
    {"https://../", false},
    /* Who else might be meant? */
    {"https://user:secret@example.com/", false},
    {"https://example.com@evil.example/", false},
    {"https://@example.com/", false},
    {"https://localhost\\@evil.example/", false},
    {"https://example.com\\evil.example/", false},
    {"http://127.0.0.1:8080@evil.example/", false},
    {"https://127.0.0.1%2f@example.com/", false},
    {"https://exa mple.com/", false},
    {"https://example.com/\x01", false},
    {"https://ex\xc3\xa4mple.com/", false},
    {"https://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1/", false}, /* ①②⑦ */
    {"https://127\xe3\x80\x82"
     "0.0.1/",
     false}, /* an ideographic full stop */
    {"https://example.com/#fragment", false},
    {"https://example.com#@evil.example/", false},
    {"https://exa%6dple.com/", false},
    {"https://%31%32%37.0.0.1/", false},
    {"https://127.0.0.1%00.example.com/", false},
    {"https://example.com/{id}", false},
    {"https://example.com/}", false},
    {"https://example.com/a|b", false},
    {"https://example.com/\"", false},
    {"https://example.com/<a>", false},
    {"https://example.com/a^b", false},
    {"https://example.com/`", false},
    {"https://example.com/?a[]=1", false},
    {"https://example.com/100%", false},
    {"https://example.com/%2", false},
    {"https://example.com/%g0", false},
    {"https://example.com,evil.example/", false},
    {"https://example.com;evil.example/", false},
    /* No URL. */
    {"", false},
    {"https://", false},
    {"https:///path", false},
    {"https://?query", false},
    {"https://:443/", false},
    {"https://.example.com/", false},
    {"https://-example.com/", false},
    {"https://[::1/", false},
    {"https://[]/", false},
    {"https://[/", false},
    {"https://[::1]x/", false},
    {"https://[::1]]/", false},
    {"https://[[::1]]/", false},
    {"https://::1/", false},
    {"https://[fe80::1%25eth0]/", false},
    {"https://[fe80::1%eth0]/", false},
    {"https://[::1%0]/", false},
    {"https://[127.0.0.1]/", false},
    {"https://[v1.a]/", false},
    {"https://[example.com]/", false},
    {"example.com", false},
    {"ftp://example.com/", false},
    {"file:///etc/passwd", false},
    {"gopher://127.0.0.1:6379/", false},
    {"//example.com/", false},
    {"https:/example.com/", false},
    {"https:example.com/", false},
    {" https://example.com/", false},
};

static void a_url_is_judged_by_its_spelling(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = ERR_NONE;

        if (guard_form(str_of(cases[i].url), &err) != cases[i].want) {
            fail_msg("%s: %s", cases[i].url, err.text);
        }
        if (!cases[i].want && (err.code != ERR_INVALID ||
                               !str_starts(str_of(err.text), STR("the URL")))) {
            fail_msg("%s: %s", cases[i].url, err.text);
        }
    }
}

static void a_refusal_says_what_to_do(void **state)
{
    static const char *const said[][2] = {
        {"ftp://a.example/", "the URL must begin with https://"},
        {"https://a.example:25/",
         "the URL's port must be 443, 8443 or another from 1024 on"},
        {"https://0x7f.1/", "the URL's address must be written as 127.0.0.1"},
        {"https://134744072/", "the URL's address must be written as 8.8.8.8"},
        {"https://[::ffff:a00:1]/",
         "the URL's address must be written as 10.0.0.1"},
        {"https://[64:ff9b::8.8.8.8]/",
         "the URL's IPv6 address must be written without dots"},
        {"https://1.2.3.4.5/",
         "the URL's host is neither a name nor an address"},
        {"https://b\xc3\xbc"
         "cher.example/",
         "the URL's host has a character that no host name has; an "
         "international name is written as xn--..."},
        {"https://[fe80::1%25eth0]/",
         "the URL's brackets must hold an IPv6 address without a zone"},
        {"https://a:b@c.example/",
         "the URL must not hold a user or password: for basic "
         "authentication give the webhook an Authorization header (headers)"},
        {"https://a.example/ ", "the URL has a blank, a fragment or a "
                                "character that must be percent-encoded"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(said); i++) {
        struct err err = ERR_NONE;

        assert_false(guard_form(str_of(said[i][0]), &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.text, said[i][1]);
    }
}

static void the_longest_url_is_2048_bytes(void **state)
{
    char text[GUARD_URL_MAX + 2];
    struct err err = ERR_NONE;

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://example.com/", 20);
    assert_true(guard_form((struct str){text, GUARD_URL_MAX}, &err));
    assert_false(guard_form((struct str){text, GUARD_URL_MAX + 1}, &err));
}

static void the_longest_host_is_255_bytes(void **state)
{
    char text[8 + 257];
    struct err err = ERR_NONE;

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://", 8);
    assert_true(guard_form((struct str){text, 8 + 255}, &err));
    assert_false(guard_form((struct str){text, 8 + 256}, &err));
}

static struct url read(const char *text)
{
    struct url u = {0};
    struct err err = ERR_NONE;

    assert_true(url_read(str_of(text), &u, &err));
    return u;
}

static void a_url_is_taken_apart(void **state)
{
    struct url u = read("https://[2001:DB8::a]:8443/x?y");
    char text[ADDRESS_TEXT_MAX];

    (void)state;
    address_write(&u.address, text);
    assert_true(u.is_address && !u.is_http && u.port == 8443);
    assert_string_equal(text, "2001:db8::a");
    u = read("HTTP://Example.com.:1024");
    assert_true(!u.is_address && u.is_http && u.port == 1024);
    assert_true(str_eq(u.host, STR("Example.com")));
    u = read("https://192.0.2.7?x");
    address_write(&u.address, text);
    assert_true(u.is_address && u.port == 443);
    assert_string_equal(text, "192.0.2.7");
}

static void localhost_is_known_by_its_last_label(void **state)
{
    static const char *const yes[] = {
        "https://localhost/", "https://LocalHost:8443/", "https://localhost./",
        "https://a.localhost/", "https://a.b.LOCALHOST.:443/"};
    static const char *const no[] = {
        "https://localhost.example/", "https://notlocalhost/",
        "https://local.host/", "https://127.0.0.1/"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        struct url u = read(yes[i]);
        assert_true(url_is_localhost(&u));
    }
    for (size_t i = 0; i < COUNT_OF(no); i++) {
        struct url u = read(no[i]);
        assert_false(url_is_localhost(&u));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_judged_by_its_spelling),
        cmocka_unit_test(a_refusal_says_what_to_do),
        cmocka_unit_test(the_longest_url_is_2048_bytes),
        cmocka_unit_test(the_longest_host_is_255_bytes),
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(localhost_is_known_by_its_last_label),
    };

    return cmocka_run_group_tests_name("guard_url", tests, NULL, NULL);
}

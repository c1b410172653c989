/* Whose address a request has, behind proxies that are trusted, and what
 * nobody can make of it who is not. */
#include "web/caller.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#define PROXIES STR("10.0.0.0/8, fd00::/8, 192.0.2.7/32")

static struct arena *arena;

/* The lines of X-Forwarded-For, with others between them. */
static struct web_request request(const char *peer, const char *const *lines,
                                  size_t count)
{
    struct web_request r = {.arena = arena, .peer = str_of(peer)};

    r.headers[r.header_count++] =
        (struct web_header){STR("Forwarded"), STR("for=203.0.113.99")};
    for (size_t i = 0; i < count; i++) {
        r.headers[r.header_count++] =
            (struct web_header){STR("Accept"), STR("203.0.113.98")};
        r.headers[r.header_count++] = (struct web_header){
            i % 2 == 0 ? STR("X-Forwarded-For") : STR("x-forwarded-for"),
            str_of(lines[i])};
    }
    r.headers[r.header_count++] =
        (struct web_header){STR("X-Real-IP"), STR("203.0.113.97")};
    return r;
}

static struct str caller(const char *trusted, const char *peer,
                         const char *const *lines, size_t count)
{
    struct web_request r = request(peer, lines, count);
    struct address_list proxies = {0};
    struct err err = ERR_NONE;

    assert_true(address_list_read_proxies(str_of(trusted), &proxies, &err));
    return caller_address(&r, &proxies);
}

static void expect(const char *peer, const char *line, const char *want)
{
    struct str got = caller(PROXIES.data, peer, &line, 1);

    if (!str_eq(got, str_of(want))) {
        fail_msg("%s through %s is %.*s, not %s", line, peer, STR_ARGS(got),
                 want);
    }
}

static void without_proxies_no_header_is_read(void **state)
{
    const char *line = "203.0.113.1";
    struct web_request r = request("10.0.0.1", &line, 1);
    const struct address_list none = {0};
    struct str by_null = caller_address(&r, NULL);
    struct str by_none = caller_address(&r, &none);

    (void)state;
    assert_ptr_equal(by_null.data, r.peer.data);
    assert_ptr_equal(by_none.data, r.peer.data);
    assert_int_equal(by_none.len, r.peer.len);
}

static void who_is_not_trusted_names_nobody(void **state)
{
    static const char *const peers[] = {
        "203.0.113.5", "11.0.0.1",     "192.0.2.8", "2001:db8::1",
        "::10.0.0.1",  "fd00::1%eth0", ""};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        expect(peers[i], "203.0.113.1", peers[i]);
        expect(peers[i], "203.0.113.1, 10.0.0.1", peers[i]);
    }
}

static void a_trusted_proxy_names_the_caller(void **state)
{
    (void)state;
    expect("10.0.0.1", "203.0.113.1", "203.0.113.1");
    expect("192.0.2.7", "203.0.113.1", "203.0.113.1");
    expect("::ffff:10.0.0.1", "203.0.113.1", "203.0.113.1");
    expect("fd00::1", "2001:DB8:0::1", "2001:db8::1");
    /* What the caller sent himself stands left of it. */
    expect("10.0.0.1", "127.0.0.1, 203.0.113.1", "203.0.113.1");
    expect("10.0.0.1", "10.0.0.9, 203.0.113.1", "203.0.113.1");
    expect("10.0.0.1", "no address, , 203.0.113.1", "203.0.113.1");
    /* Proxies behind proxies. */
    expect("10.0.0.1", "203.0.113.1, 10.0.0.2", "203.0.113.1");
    expect("10.0.0.1", "198.51.100.1,203.0.113.1 ,fd00::2,\t192.0.2.7",
           "203.0.113.1");
}

static void several_lines_are_one_list(void **state)
{
    static const char *const two[] = {"198.51.100.1, 203.0.113.1", "10.0.0.2"};
    static const char *const late[] = {"198.51.100.1", "203.0.113.1"};
    static const char *const open[] = {"198.51.100.1", "203.0.113.1,"};
    static const char *const empty[] = {"198.51.100.1", ""};

    (void)state;
    assert_true(
        str_eq(caller(PROXIES.data, "10.0.0.1", two, 2), STR("203.0.113.1")));
    assert_true(
        str_eq(caller(PROXIES.data, "10.0.0.1", late, 2), STR("203.0.113.1")));
    assert_true(
        str_eq(caller(PROXIES.data, "10.0.0.1", open, 2), STR("10.0.0.1")));
    assert_true(
        str_eq(caller(PROXIES.data, "10.0.0.1", empty, 2), STR("10.0.0.1")));
    assert_true(
        str_eq(caller(PROXIES.data, "10.0.0.1", NULL, 0), STR("10.0.0.1")));
}

static void an_address_has_several_spellings_and_becomes_one(void **state)
{
    static const struct {
        const char *text;
        const char *want; /* NULL: it is none */
    } cases[] = {
        {"203.0.113.1:443", "203.0.113.1"},
        {"203.0.113.1:0", "203.0.113.1"},
        {"::ffff:203.0.113.1", "203.0.113.1"},
        {"::ffff:cb00:7101", "203.0.113.1"},
        {"[::ffff:203.0.113.1]:80", "203.0.113.1"},
        {"2001:0db8:0:0::0001", "2001:db8::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"[2001:db8::1]:65535", "2001:db8::1"},
        {"", NULL},
        {"unknown", NULL},
        {"_hidden", NULL},
        {"unix:", NULL},
        {"a.example", NULL},
        {"203.0.113.1:", NULL},
        {"203.0.113.1:65536", NULL},
        {"203.0.113.1:+1", NULL},
        {"203.0.113.1:80 ,", NULL},
        {"203.0.113.1/32", NULL},
        {"203.0.113", NULL},
        {"203.0.113.01", NULL},
        {"203.0.113.1 203.0.113.2", NULL},
        {"203.0.113.1;203.0.113.2", NULL},
        {"\"203.0.113.1\"", NULL},
        {"[203.0.113.1]", NULL},
        {"[203.0.113.1]:80", NULL},
        {"[2001:db8::1]80", NULL},
        {"[2001:db8::1]:", NULL},
        {"[2001:db8::1", NULL},
        {"2001:db8::1]", NULL},
        {"[]", NULL},
        {"[", NULL},
        {"]", NULL},
        {":", NULL},
        {":80", NULL},
        {"[fe80::1%eth0]:80", NULL},
        {"fe80::1%1", NULL},
        {"for=203.0.113.1", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *want = cases[i].want;

        expect("10.0.0.1", cases[i].text, want == NULL ? "10.0.0.1" : want);
    }
}

/* Nothing that a trusted proxy did not write comes to count. */
static void what_is_no_address_ends_the_search(void **state)
{
    (void)state;
    expect("10.0.0.1", "203.0.113.1, unknown", "10.0.0.1");
    expect("10.0.0.1", "203.0.113.1,", "10.0.0.1");
    expect("10.0.0.1", "203.0.113.1, unknown, 10.0.0.2", "10.0.0.2");
    expect("10.0.0.1", "203.0.113.1,,10.0.0.2:80", "10.0.0.2");
    expect("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3");
}

static void a_list_of_proxies_has_an_end(void **state)
{
    struct web_request r = {.arena = arena, .peer = STR("10.0.0.255")};
    struct address_list proxies = {0};
    struct err err = ERR_NONE;
    static char text[WEB_HEADERS_MAX][16];

    (void)state;
    assert_true(address_list_read_proxies(PROXIES, &proxies, &err));
    for (size_t i = 0; i < WEB_HEADERS_MAX; i++) {
        (void)snprintf(text[i], sizeof text[i], "10.0.0.%zu",
                       WEB_HEADERS_MAX - i);
        r.headers[i] =
            (struct web_header){STR("X-Forwarded-For"), str_of(text[i])};
    }
    r.header_count = WEB_HEADERS_MAX;
    assert_true(str_eq(caller_address(&r, &proxies), STR("10.0.0.16")));
    assert_int_equal(CALLER_HOPS_MAX, 16);
}

static int open_arena(void **state)
{
    (void)state;
    arena = arena_new(4096);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_proxies_no_header_is_read),
        cmocka_unit_test(who_is_not_trusted_names_nobody),
        cmocka_unit_test(a_trusted_proxy_names_the_caller),
        cmocka_unit_test(several_lines_are_one_list),
        cmocka_unit_test(an_address_has_several_spellings_and_becomes_one),
        cmocka_unit_test(what_is_no_address_ends_the_search),
        cmocka_unit_test(a_list_of_proxies_has_an_end),
    };

    return cmocka_run_group_tests_name("web_caller", tests, open_arena,
                                       close_arena);
}

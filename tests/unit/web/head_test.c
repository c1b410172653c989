/* A head that two servers could read in two ways is not read at all. */
#include "web/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define HOST "Host: a\r\n"

struct reading {
    struct arena *arena;
    struct web_request req;
    struct head head;
    struct head_fault fault;
    bool ok;
};

static struct reading r; /* The latest; too large for the stack. */

static void read_raw(struct str raw)
{
    memset(&r, 0, sizeof r);
    r.arena = arena_new(4096);
    r.ok = head_read(raw, r.arena, &r.req, &r.head, &r.fault);
}

static void expect_refused(struct str raw, enum web_refusal code)
{
    read_raw(raw);
    if (r.ok) {
        print_error("read: %.*s\n", STR_ARGS(raw));
    }
    assert_false(r.ok);
    if (r.fault.code != code) {
        print_error("%s: %.*s\n", r.fault.detail, STR_ARGS(raw));
    }
    assert_int_equal(r.fault.code, code);
    arena_free(r.arena);
}

static void reads_a_plain_head(void **state)
{
    read_raw(STR("POST /a/b%20c?x=1&y HTTP/1.1\r\nHost: a\r\nX-Key:  v w \r\n"
                 "content-length: 12\r\nEXPECT: 100-Continue\r\n\r\n"));

    (void)state;
    assert_true(r.ok);
    assert_int_equal(r.req.method, WEB_POST);
    assert_true(str_eq(r.req.path, STR("/a/b c")));
    assert_true(str_eq(r.req.query, STR("x=1&y")));
    assert_true(str_eq(web_header(&r.req, STR("x-key")), STR("v w")));
    assert_true(r.head.has_length && r.head.length == 12);
    assert_true(r.head.wants_continue);
    assert_false(r.head.is_chunked || r.head.wants_close);
    arena_free(r.arena);
}

static struct str query_of(struct str raw)
{
    read_raw(raw);
    assert_true(r.ok);
    arena_free(r.arena); /* An undecoded query points into raw. */
    return r.req.query;
}

static void tells_no_query_from_an_empty_one(void **state)
{
    struct str none = query_of(STR("GET / HTTP/1.1\r\n" HOST "\r\n"));
    struct str empty = query_of(STR("GET /? HTTP/1.1\r\n" HOST "\r\n"));

    (void)state;
    assert_null(none.data);
    assert_non_null(empty.data);
    assert_int_equal(empty.len, 0);
}

static void refuses_what_two_servers_read_in_two_ways(void **state)
{
    static const struct {
        struct str raw;
        enum web_refusal code;
    } cases[] = {
#define REQUEST(fields)                                                        \
    {"POST / HTTP/1.1\r\n" HOST fields "\r\n",                                 \
     sizeof("POST / HTTP/1.1\r\n" HOST fields "\r\n") - 1}
        {REQUEST("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
         WEB_REFUSE_MALFORMED},
        {REQUEST("Content-Length: 5\r\nContent-Length: 5\r\n"),
         WEB_REFUSE_MALFORMED},
        {REQUEST("Content-Length: 5, 5\r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST("Content-Length: +5\r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST("Content-Length: 0x5\r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST("Content-Length: \r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST("Content-Length: 99999999999999999999\r\n"),
         WEB_REFUSE_MALFORMED},
        {REQUEST("Content-Length : 5\r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST("X: a\r\n b\r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST(" X: a\r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST("X: a\n"), WEB_REFUSE_MALFORMED},
        {REQUEST("X: a\nContent-Length: 5\r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST("X: a\rb\r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST("X: a\0b\r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST("X\r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST(": a\r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST("Host: b\r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST("\r\nX: a\r\n"), WEB_REFUSE_MALFORMED},
        {REQUEST("Transfer-Encoding: gzip\r\n"), WEB_REFUSE_ENCODING},
        {REQUEST("Transfer-Encoding: identity\r\n"), WEB_REFUSE_ENCODING},
        {REQUEST("Transfer-Encoding: gzip, chunked\r\n"), WEB_REFUSE_ENCODING},
        {REQUEST("Transfer-Encoding: chunked\r\n"
                 "Transfer-Encoding: chunked\r\n"),
         WEB_REFUSE_ENCODING},
        {REQUEST("Transfer-Encoding: xchunked\r\n"), WEB_REFUSE_ENCODING},
#undef REQUEST
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect_refused(cases[i].raw, cases[i].code);
    }
}

static void refuses_bad_request_lines(void **state)
{
    static const struct {
        const char *line;
        enum web_refusal code;
    } cases[] = {
        {"GET  / HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET / HTTP/1.1 ", WEB_REFUSE_MALFORMED},
        {" GET / HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET /", WEB_REFUSE_MALFORMED},
        {"GET", WEB_REFUSE_MALFORMED},
        {"", WEB_REFUSE_MALFORMED},
        {"G(T / HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET http://a/ HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"OPTIONS * HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET a HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET /%zz HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET /a%2Fb HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET /a%2fb HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET /%FF HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET /%4 HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET /%00 HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET /%0d%0aX:1 HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET /\xc3\xa4 HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET /#a HTTP/1.1", WEB_REFUSE_MALFORMED},
        {"GET / HTTP/2.0", WEB_REFUSE_VERSION},
        {"GET / HTTP/1.2", WEB_REFUSE_VERSION},
        {"GET / HTTP/0.9", WEB_REFUSE_VERSION},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *arena = arena_new(256);
        expect_refused(arena_printf(arena, "%s\r\n" HOST "\r\n", cases[i].line),
                       cases[i].code);
        arena_free(arena);
    }
}

static void needs_a_host_except_in_1_0(void **state)
{
    (void)state;
    expect_refused(STR("GET / HTTP/1.1\r\n\r\n"), WEB_REFUSE_MALFORMED);
    expect_refused(STR("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
                   WEB_REFUSE_MALFORMED);
    read_raw(STR("GET / HTTP/1.0\r\n\r\n"));
    assert_true(r.ok && r.head.wants_close);
    arena_free(r.arena);
}

static void takes_64_headers_and_no_more(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct buf raw = BUF_EMPTY;
        BUF_ADD(&raw, "GET / HTTP/1.1\r\n" HOST);
        for (size_t i = 1; i < WEB_HEADERS_MAX + extra; i++) {
            BUF_ADD(&raw, "X: a\r\n");
        }
        BUF_ADD(&raw, "\r\n");
        read_raw(buf_str(&raw));
        assert_int_equal(r.ok, extra == 0);
        if (extra == 1) {
            assert_int_equal(r.fault.code, WEB_REFUSE_HEAD_SIZE);
        }
        arena_free(r.arena);
        buf_free(&raw);
    }
}

static void knows_when_the_connection_ends(void **state)
{
    static const struct {
        const char *fields;
        bool close;
    } cases[] = {
        {"", false},
        {"Connection: keep-alive\r\n", false},
        {"Connection: Keep-Alive, TE\r\n", false},
        {"Connection: close\r\n", true},
        {"Connection: keep-alive, close\r\n", true},
        {"Connection: TE\r\n", true},
        {"Connection: keep-alive\r\nConnection: keep-alive\r\n", true},
        {"Connection: keep-alive\r\nUpgrade: websocket\r\n", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *arena = arena_new(256);
        read_raw(arena_printf(arena, "GET / HTTP/1.1\r\n" HOST "%s\r\n",
                              cases[i].fields));
        assert_true(r.ok);
        assert_int_equal(r.head.wants_close, cases[i].close);
        arena_free(r.arena);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_plain_head),
        cmocka_unit_test(tells_no_query_from_an_empty_one),
        cmocka_unit_test(refuses_what_two_servers_read_in_two_ways),
        cmocka_unit_test(refuses_bad_request_lines),
        cmocka_unit_test(needs_a_host_except_in_1_0),
        cmocka_unit_test(takes_64_headers_and_no_more),
        cmocka_unit_test(knows_when_the_connection_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

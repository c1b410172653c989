/* An answer is framed once, by us, whatever the handler put into it. */
#include "web/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define AT_US 784111777000000LL

static void expect(struct web_response *res, bool is_head, bool close,
                   const char *want)
{
    struct buf out = BUF_EMPTY;

    reply_write(res, is_head, close, AT_US, &out);
    assert_string_equal(buf_cstr(&out), want);
    buf_free(&out);
    buf_free(&res->headers);
    buf_free(&res->body);
}

static void frames_head_and_body_together(void **state)
{
    struct web_response res = {.status = 201};

    (void)state;
    web_add_header(&res, STR("X"), STR("y"));
    BUF_ADD(&res.body, "abc");
    expect(&res, false, false,
           "HTTP/1.1 201 Created\r\n" DATE "Content-Length: 3\r\n"
           "Connection: keep-alive\r\nX: y\r\n\r\nabc");
}

static void counts_but_does_not_send_the_body_for_head(void **state)
{
    struct web_response res = {.status = 200};

    (void)state;
    BUF_ADD(&res.body, "abc");
    expect(&res, true, true,
           "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 3\r\n"
           "Connection: close\r\n\r\n");
}

static void has_no_body_where_none_may_be(void **state)
{
    struct web_response res = {.status = 204};

    (void)state;
    BUF_ADD(&res.body, "abc");
    expect(&res, false, false,
           "HTTP/1.1 204 No Content\r\n" DATE "Connection: keep-alive\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_head_and_body_together),
        cmocka_unit_test(counts_but_does_not_send_the_body_for_head),
        cmocka_unit_test(has_no_body_where_none_may_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

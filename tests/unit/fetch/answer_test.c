/* What libcurl and endpoints say, in our words. */
#include "fetch/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NOW_S 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */

static void retry_after_is_seconds_or_a_date(void **state)
{
    static const struct {
        struct str value;
        int64_t want;
    } cases[] = {
        {{"0", 1}, 0},
        {{" 120 ", 5}, 120},
        {{"-1", 2}, -1},
        {{"1.5", 3}, -1},
        {{"soon", 4}, -1},
        {{"", 0}, -1},
        {{"99999999999", 11}, -1},
        {{"Sun, 06 Nov 1994 08:50:37 GMT", 29}, 60},
        {{"Sun, 06 Nov 1994 08:48:37 GMT", 29}, 0},
        {{"Sunday, 06-Nov-94 08:50:37 GMT", 30}, 60},
        {{"Sun, 99 Nov 1994 08:50:37 GMT", 29}, -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(answer_retry_after(cases[i].value, NOW_S),
                         cases[i].want);
    }
}

static void headers_are_kept_as_lines_and_bounded(void **state)
{
    static char big[ANSWER_HEADERS_MAX];
    struct buf kept = BUF_EMPTY;
    int64_t after_s = -1;

    (void)state;
    memset(big, 'x', sizeof big);
    memcpy(big, "a: ", 3);
    answer_header(STR("HTTP/1.1 503 No\r\n"), NOW_S, &kept, &after_s);
    answer_header(STR("Server:  x \r\n"), NOW_S, &kept, &after_s);
    answer_header(STR("retry-AFTER: 7\r\n"), NOW_S, &kept, &after_s);
    answer_header((struct str){big, sizeof big}, NOW_S, &kept, &after_s);
    answer_header(STR("no colon\r\n"), NOW_S, &kept, &after_s);
    answer_header(STR("\r\n"), NOW_S, &kept, &after_s);
    assert_string_equal(buf_cstr(&kept), "Server: x\nretry-AFTER: 7\n");
    assert_int_equal(after_s, 7);
    buf_free(&kept);
}

static void an_interim_answer_is_forgotten(void **state)
{
    struct buf kept = BUF_EMPTY;
    int64_t after_s = -1;

    (void)state;
    answer_header(STR("HTTP/1.1 103 Early\r\n"), NOW_S, &kept, &after_s);
    answer_header(STR("Retry-After: 9\r\n"), NOW_S, &kept, &after_s);
    answer_header(STR("HTTP/1.1 200 OK\r\n"), NOW_S, &kept, &after_s);
    assert_int_equal(kept.len, 0);
    assert_int_equal(after_s, -1);
    buf_free(&kept);
}

static void remote_is_address_and_port(void **state)
{
    char text[64];

    (void)state;
    answer_remote("192.0.2.1", 443, text, sizeof text);
    assert_string_equal(text, "192.0.2.1:443");
    answer_remote("2001:db8::1", 8443, text, sizeof text);
    assert_string_equal(text, "[2001:db8::1]:8443");
    answer_remote("", 0, text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(headers_are_kept_as_lines_and_bounded),
        cmocka_unit_test(an_interim_answer_is_forgotten),
        cmocka_unit_test(remote_is_address_and_port),
    };

    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}

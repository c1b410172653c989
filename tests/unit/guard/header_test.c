/* Headers of a webhook's own. */
#include "guard/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static enum err_code name_code(const char *name)
{
    struct err err = ERR_NONE;

    return guard_header_name(str_of(name), &err) ? ERR_OK : err.code;
}

static enum err_code value_code(const char *value)
{
    struct err err = ERR_NONE;

    return guard_header_value(str_of(value), &err) ? ERR_OK : err.code;
}

static void a_name_has_a_form(void **state)
{
    static const char *const good[] = {
        "Authorization", "X-Api-Key",      "x_team", "A", "9",
        "X--",           "X-Forwarded-For"};
    static const char *const bad[] = {
        "",       "-X",    "_X",    "X Y",        "X:",     "X: y",
        "X\r\nY", "X\tY",  "X.Y",   "B\xc3\xa4r", "(X)",    "X\x01",
        "X\x7f",  "\"X\"", "Host ", " Host",      "X\nHost"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (name_code(good[i]) != ERR_OK) {
            fail_msg("%s", good[i]);
        }
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (name_code(bad[i]) != ERR_INVALID) {
            fail_msg("%s", bad[i]);
        }
    }
    struct err err = ERR_NONE;
    assert_false(guard_header_name((struct str){"X\0Y", 3}, &err));
}

static void a_reserved_name_is_refused_in_any_case(void **state)
{
    static const char *const reserved[] = {"Host",
                                           "HOST",
                                           "host",
                                           "Content-Type",
                                           "content-length",
                                           "Content-Encoding",
                                           "CONTENT_TYPE",
                                           "Transfer-Encoding",
                                           "transfer_encoding",
                                           "TE",
                                           "Trailer",
                                           "Connection",
                                           "Keep-Alive",
                                           "Upgrade",
                                           "HTTP2-Settings",
                                           "Expect",
                                           "Proxy-Authorization",
                                           "Proxy-Connection",
                                           "User-Agent",
                                           "X-Porter-Signature",
                                           "x-porter-new",
                                           "X_Porter_Signature",
                                           "webhook-id",
                                           "Webhook-Signature",
                                           "webhook_timestamp",
                                           "traceparent",
                                           "tracestate",
                                           "Cookie",
                                           "Accept-Encoding",
                                           "Range",
                                           "Origin",
                                           "Sec-Fetch-Site",
                                           "Metadata",
                                           "Metadata-Flavor",
                                           "X-aws-ec2-metadata-token",
                                           "X-Google-Metadata-Request"};
    static const char *const near[] = {"Hosts",
                                       "X-Host",
                                       "X-Content-Type",
                                       "Contents",
                                       "Tea",
                                       "X-Porter",
                                       "X-Porters-Key",
                                       "webhook",
                                       "X-Webhook-Id",
                                       "Metadata-Key",
                                       "Traceparent-Own",
                                       "Connection-Id",
                                       "Ranges",
                                       "Second",
                                       "Proxy"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(reserved); i++) {
        if (name_code(reserved[i]) != ERR_FORBIDDEN) {
            fail_msg("%s", reserved[i]);
        }
    }
    for (size_t i = 0; i < COUNT_OF(near); i++) {
        if (name_code(near[i]) != ERR_OK) {
            fail_msg("%s", near[i]);
        }
    }
}

static void a_value_is_one_printable_line(void **state)
{
    static const char *const good[] = {"a",     "Bearer a.b-c", "a  b",
                                       "~!\"#", "*******",      "*********"};
    static const char *const bad[] = {
        "",     " ",    " a",   "a ",       "a\r\nHost: b", "a\nb",
        "a\tb", "\x01", "\x7f", "\xc3\xa4", "a\rb"};
    struct err err = ERR_NONE;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_int_equal(value_code(good[i]), ERR_OK);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (value_code(bad[i]) != ERR_INVALID) {
            fail_msg("%s", bad[i]);
        }
    }
    assert_false(guard_header_value((struct str){"a\0b", 3}, &err));
    assert_int_equal(value_code(GUARD_HEADER_MASK), ERR_FORBIDDEN);
}

static void names_and_values_are_bounded(void **state)
{
    char text[GUARD_HEADER_VALUE_MAX + 1];
    struct err err = ERR_NONE;

    (void)state;
    memset(text, 'a', sizeof text);
    assert_true(
        guard_header_name((struct str){text, GUARD_HEADER_NAME_MAX}, &err));
    assert_false(
        guard_header_name((struct str){text, GUARD_HEADER_NAME_MAX + 1}, &err));
    assert_true(
        guard_header_value((struct str){text, GUARD_HEADER_VALUE_MAX}, &err));
    assert_false(guard_header_value(
        (struct str){text, GUARD_HEADER_VALUE_MAX + 1}, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_a_form),
        cmocka_unit_test(a_reserved_name_is_refused_in_any_case),
        cmocka_unit_test(a_value_is_one_printable_line),
        cmocka_unit_test(names_and_values_are_bounded),
    };

    return cmocka_run_group_tests_name("guard_header", tests, NULL, NULL);
}

/* A log line is one well-formed JSON object, whatever is put into it. */
#include "log/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <unistd.h>

/* What was written to standard error since capture_start. */
static char captured[16384];
static int pipe_ends[2];
static int real_stderr;

static void capture_start(void)
{
    assert_int_equal(pipe(pipe_ends), 0);
    real_stderr = dup(STDERR_FILENO);
    assert_true(dup2(pipe_ends[1], STDERR_FILENO) >= 0);
}

static const char *capture_end(void)
{
    ssize_t n = 0;
    size_t len = 0;

    (void)dup2(real_stderr, STDERR_FILENO);
    (void)close(real_stderr);
    (void)close(pipe_ends[1]);
    do {
        n = read(pipe_ends[0], captured + len, sizeof captured - 1 - len);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    (void)close(pipe_ends[0]);
    captured[len] = '\0';
    return captured;
}

static void assert_has(const char *line, const char *part)
{
    if (strstr(line, part) == NULL) {
        fail_msg("%s\nlacks\n%s", line, part);
    }
}

static void writes_one_object_with_its_fields(void **state)
{
    const char *line = NULL;

    (void)state;
    log_open("gateway", LOG_INFO);
    capture_start();
    log_info("gateway.started", LOG_TEXT("address", "0.0.0.0"),
             LOG_INT("port", 8443), LOG_BOOL("tls", true),
             LOG_REAL("share", 0.5));
    line = capture_end();
    assert_has(line, "{\"time\":\"20");
    assert_has(line, "Z\",\"level\":\"info\",\"service\":\"gateway\","
                     "\"event\":\"gateway.started\",\"address\":\"0.0.0.0\","
                     "\"port\":8443,\"tls\":true,\"share\":0.5}\n");
}

static void says_nothing_below_its_level(void **state)
{
    (void)state;
    log_open("gateway", LOG_WARN);
    capture_start();
    log_info("gateway.started", LOG_INT("port", 1));
    assert_string_equal(capture_end(), "");
}

static void escapes_what_would_break_the_line(void **state)
{
    (void)state;
    log_open("gateway", LOG_INFO);
    capture_start();
    log_info("x.y", LOG_TEXT("t", "a\"b\\c\nd\x01\xFF\xC3\xA9"));
    assert_has(capture_end(),
               "\"t\":\"a\\\"b\\\\c\\nd\\u0001\xEF\xBF\xBD\xC3\xA9\"}");
}

static void cuts_a_long_text_and_says_so(void **state)
{
    static char text[5000];
    const char *line = NULL;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    log_open("gateway", LOG_INFO);
    capture_start();
    log_info("x.y", LOG_TEXT("long", text), LOG_INT("after", 7));
    line = capture_end();
    assert_true(strlen(line) < 1500);
    assert_has(line, "xxx\",\"after\":7,\"cut\":true}\n");
}

static void never_grows_past_one_atomic_write(void **state)
{
    static char text[1000];
    const char *line = NULL;

    (void)state;
    memset(text, '\x01', sizeof text - 1);
    log_open("gateway", LOG_INFO);
    capture_start();
    log_info("x.y", LOG_TEXT("a", text), LOG_TEXT("b", text),
             LOG_TEXT("c", text), LOG_TEXT("d", text), LOG_TEXT("e", text));
    line = capture_end();
    assert_true(strlen(line) < 4096);
    assert_has(line, "\",\"cut\":true}\n");
    assert_null(strstr(line, "\"e\":"));
}

static void gives_null_for_what_is_not_there(void **state)
{
    (void)state;
    log_open("gateway", LOG_INFO);
    capture_start();
    log_info("x.y", LOG_STR("none", STR_NONE), LOG_REAL("nan", 0.0 / 0.0));
    assert_has(capture_end(), "\"none\":null,\"nan\":null}\n");
}

static void names_an_error_with_its_code(void **state)
{
    struct err err = ERR_NONE;

    (void)state;
    (void)err_set(&err, ERR_UNAVAILABLE, "no connection");
    log_open("gateway", LOG_INFO);
    capture_start();
    log_fail("gateway.failed", &err);
    assert_has(capture_end(), "\"level\":\"error\",\"service\":\"gateway\","
                              "\"event\":\"gateway.failed\","
                              "\"code\":\"unavailable\","
                              "\"error\":\"no connection\"}\n");
}

static void writes_an_id_as_text(void **state)
{
    struct id id = {{0}};

    (void)state;
    log_open("gateway", LOG_INFO);
    capture_start();
    log_info("x.y", LOG_ID("org", ID_ORGANIZATION, id));
    assert_has(capture_end(), "\"org\":\"org_00000000000000000000000000\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_one_object_with_its_fields),
        cmocka_unit_test(says_nothing_below_its_level),
        cmocka_unit_test(escapes_what_would_break_the_line),
        cmocka_unit_test(cuts_a_long_text_and_says_so),
        cmocka_unit_test(never_grows_past_one_atomic_write),
        cmocka_unit_test(gives_null_for_what_is_not_there),
        cmocka_unit_test(names_an_error_with_its_code),
        cmocka_unit_test(writes_an_id_as_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

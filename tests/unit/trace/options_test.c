/* What operators write is read strictly; sampling keeps its promises. */
#include "trace/options.h"

#include "base/codec.h"
#include "base/traceparent.h"

#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TRACES 20000

static void only_plain_urls_are_endpoints(void **state)
{
    static const char *const good[] = {"", "http://127.0.0.1:4318",
                                       "https://otlp.example.com/porter/",
                                       "http://[::1]:4318"};
    static const char *const bad[] = {
        "127.0.0.1:4318",     "ftp://a",     "http://",    "https:///v1",
        "http://a/?tenant=1", "http://a/ b", "http://a#b",
    };
    struct err err = ERR_NONE;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(trace_endpoint_check(good[i], &err));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(trace_endpoint_check(bad[i], &err));
    }
}

static void headers_are_names_and_values(void **state)
{
    char *lines[TRACE_HEADERS_MAX];
    struct err err = ERR_NONE;
    const char *good = "Authorization=Basic%20YTpi, x-tenant = a=b";

    (void)state;
    assert_true(trace_headers_check("", &err));
    assert_true(trace_headers_check(good, &err));
    assert_int_equal(trace_headers_read(good, lines), 2);
    assert_string_equal(lines[0], "Authorization: Basic YTpi");
    assert_string_equal(lines[1], "x-tenant: a=b");
    free(lines[0]);
    free(lines[1]);
}

static void what_is_no_header_is_told_without_its_value(void **state)
{
    static const char *const bad[] = {
        "secret",    "a=b,secret", "se cret=1", "a=secret%0d%0ab: c",
        "a=secret%", "=secret",    "a=secret\n"};
    struct err err = ERR_NONE;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(trace_headers_check(bad[i], &err));
        assert_null(strstr(err.text, "secret"));
    }
    assert_false(trace_headers_check(
        "a=1,a=2,a=3,a=4,a=5,a=6,a=7,a=8,a=9,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1",
        &err));
}

static uint64_t threshold_of(const char *sample)
{
    struct err err = ERR_NONE;
    uint64_t threshold = 0;

    assert_true(trace_sample_read(sample, &threshold, &err));
    return threshold;
}

static void a_ratio_is_a_number_from_0_to_1(void **state)
{
    static const char *const bad[] = {"",    "1.1", "-1", "10%", "1e-1",
                                      "nan", "0x1", ".",  "0..1"};
    struct err err = ERR_NONE;
    uint64_t threshold = 42;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(trace_sample_read(bad[i], &threshold, &err));
        assert_true(threshold == 42);
    }
    assert_true(threshold_of("1") == 0);
    assert_true(threshold_of("0") == (uint64_t)1 << 56);
    assert_true(threshold_of("0.5") == (uint64_t)1 << 55);
}

static void the_last_seven_bytes_decide(void **state)
{
    struct id low = {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                      0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};
    struct id high = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80}};

    (void)state;
    assert_false(trace_is_chosen(low, threshold_of("0.5")));
    assert_true(trace_is_chosen(high, threshold_of("0.5")));
    assert_true(trace_is_chosen((struct id){{1}}, threshold_of("1")));
    assert_false(trace_is_chosen(low, threshold_of("0")));
}

static void a_larger_ratio_chooses_what_a_smaller_one_does(void **state)
{
    uint64_t few = threshold_of("0.1");
    uint64_t more = threshold_of("0.25");
    size_t chosen = 0;

    (void)state;
    for (size_t i = 0; i < TRACES; i++) {
        struct trace t = trace_new();

        assert_true(!trace_is_chosen(t.id, few) || trace_is_chosen(t.id, more));
        chosen += trace_is_chosen(t.id, few);
    }
    /* 2,000 are expected; 500 are ten standard deviations and more. */
    assert_in_range(chosen, TRACES / 10 - 500, TRACES / 10 + 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_plain_urls_are_endpoints),
        cmocka_unit_test(headers_are_names_and_values),
        cmocka_unit_test(what_is_no_header_is_told_without_its_value),
        cmocka_unit_test(a_ratio_is_a_number_from_0_to_1),
        cmocka_unit_test(the_last_seven_bytes_decide),
        cmocka_unit_test(a_larger_ratio_chooses_what_a_smaller_one_does),
    };

    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}

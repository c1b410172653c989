/* The writer's output is valid JSON whatever it is given. */
#include "json/json.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct buf out;
static struct json_writer w;

static int setup(void **state)
{
    (void)state;
    buf_clear(&out);
    w = json_writer(&out);
    return 0;
}

static int free_buf(void **state)
{
    (void)state;
    buf_free(&out);
    return 0;
}

static void puts_commas_and_colons(void **state)
{
    (void)state;
    json_object_begin(&w);
    json_key(&w, STR("a"));
    json_array_begin(&w);
    json_add_int(&w, 1);
    json_array_begin(&w);
    json_array_end(&w);
    json_object_begin(&w);
    json_object_end(&w);
    json_add_null(&w);
    json_array_end(&w);
    json_key(&w, STR("b"));
    json_add_bool(&w, true);
    json_key(&w, STR("c"));
    json_add_raw(&w, STR("{\"x\":1}"));
    json_object_end(&w);
    assert_string_equal(buf_cstr(&out),
                        "{\"a\":[1,[],{},null],\"b\":true,\"c\":{\"x\":1}}");
}

static void indents_when_pretty(void **state)
{
    (void)state;
    w.pretty = true;
    json_object_begin(&w);
    json_key(&w, STR("a"));
    json_array_begin(&w);
    json_add_int(&w, 1);
    json_add_int(&w, 2);
    json_array_end(&w);
    json_key(&w, STR("b"));
    json_object_begin(&w);
    json_object_end(&w);
    json_object_end(&w);
    assert_string_equal(buf_cstr(&out),
                        "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
}

static void escapes_what_must_be_escaped(void **state)
{
    (void)state;
    json_add_text(&w, (struct str){"\"\\/\b\f\n\r\t\x01\x1f\x7f\0z", 13});
    assert_string_equal(
        buf_cstr(&out),
        "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000z\"");
}

/* Each byte at each place in and around a word of eight. */
static void escapes_at_every_place(void **state)
{
    (void)state;
    for (int c = 1; c < 128; c++) {
        for (size_t place = 0; place < 20; place++) {
            char text[20];
            struct json *root = NULL;
            struct err err = ERR_NONE;

            setup(NULL);
            memset(text, 'a', sizeof text);
            text[place] = (char)c;
            json_add_text(&w, (struct str){text, sizeof text});
            assert_true(json_read(buf_str(&out), &root, &err));
            assert_true(
                str_eq(json_text(root), (struct str){text, sizeof text}));
            json_free(root);
        }
    }
}

static void keeps_well_formed_text_as_it_is(void **state)
{
    static const char text[] = "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 "
                               "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \xE2\x80\xA8";

    (void)state;
    json_add_text(&w, str_of(text));
    assert_int_equal(out.len, sizeof text - 1 + 2);
    assert_memory_equal(out.data + 1, text, sizeof text - 1);
}

static void replaces_bytes_that_are_no_utf8(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"a\xFFz", "\"a\xEF\xBF\xBDz\""},
        {"\xC3", "\"\xEF\xBF\xBD\""},
        {"\xC3(", "\"\xEF\xBF\xBD(\""},
        {"\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xF0\x9F\x98", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        setup(NULL);
        json_add_text(&w, str_of(cases[i].text));
        assert_string_equal(buf_cstr(&out), cases[i].want);
    }
}

static void escapes_names_too(void **state)
{
    (void)state;
    json_object_begin(&w);
    json_key(&w, STR("a\"b"));
    json_add_int(&w, 1);
    json_object_end(&w);
    assert_string_equal(buf_cstr(&out), "{\"a\\\"b\":1}");
}

static void writes_whole_numbers_to_their_ends(void **state)
{
    (void)state;
    json_array_begin(&w);
    json_add_int(&w, INT64_MIN);
    json_add_int(&w, INT64_MAX);
    json_add_int(&w, 0);
    json_add_u64(&w, UINT64_MAX);
    json_array_end(&w);
    assert_string_equal(buf_cstr(&out),
                        "[-9223372036854775808,9223372036854775807,0,"
                        "18446744073709551615]");
}

static void writes_doubles_that_read_back_the_same(void **state)
{
    static const double cases[] = {
        0.1,     1.0 / 3, 5e-324, DBL_MAX,
        -1e22,   1e-7,    123.0,  0.30000000000000004,
        DBL_MIN, 1e15,    1e17};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        setup(NULL);
        json_add_double(&w, cases[i]);
        assert_true(strtod(buf_cstr(&out), NULL) == cases[i]);
    }
    setup(NULL);
    json_add_double(&w, 0.1);
    assert_string_equal(buf_cstr(&out), "0.1");
    setup(NULL);
    json_add_double(&w, -0.0);
    assert_string_equal(buf_cstr(&out), "-0.0");
}

static void writes_null_for_what_is_no_number_and_no_date(void **state)
{
    (void)state;
    json_array_begin(&w);
    json_add_double(&w, (double)NAN);
    json_add_double(&w, (double)INFINITY);
    json_add_time(&w, INT64_MIN);
    json_add_time(&w, INT64_MAX);
    json_add_time(&w, -62135596800LL * US_PER_S - 1);
    json_add_time(&w, 253402300800LL * US_PER_S);
    json_array_end(&w);
    assert_string_equal(buf_cstr(&out), "[null,null,null,null,null,null]");
}

static void writes_times_with_milliseconds(void **state)
{
    (void)state;
    json_array_begin(&w);
    json_add_time(&w, 1772357400123999LL);
    json_add_time(&w, -1);
    json_add_time(&w, -62135596800LL * US_PER_S);
    json_add_time(&w, 253402300800LL * US_PER_S - 1);
    json_array_end(&w);
    assert_string_equal(
        buf_cstr(&out),
        "[\"2026-03-01T09:30:00.123Z\",\"1969-12-31T23:59:59.999Z\","
        "\"0001-01-01T00:00:00.000Z\",\"9999-12-31T23:59:59.999Z\"]");
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(puts_commas_and_colons),
        TEST(indents_when_pretty),
        TEST(escapes_what_must_be_escaped),
        TEST(escapes_at_every_place),
        TEST(keeps_well_formed_text_as_it_is),
        TEST(replaces_bytes_that_are_no_utf8),
        TEST(escapes_names_too),
        TEST(writes_whole_numbers_to_their_ends),
        TEST(writes_doubles_that_read_back_the_same),
        TEST(writes_null_for_what_is_no_number_and_no_date),
        TEST(writes_times_with_milliseconds),
    };

    return cmocka_run_group_tests(tests, NULL, free_buf);
}

/* The reader takes RFC 8259 and refuses the rest, saying where and why. */
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static struct err err;
static struct json *root;

static int setup(void **state)
{
    (void)state;
    err = ERR_NONE;
    root = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    json_free(root);
    return 0;
}

static bool read(struct str text)
{
    return json_read(text, &root, &err);
}

static void assert_text(struct str got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.data, want, got.len);
}

static void reads_every_type(void **state)
{
    static const enum json_type want[] = {JSON_NULL,  JSON_BOOL, JSON_INT,
                                          JSON_REAL,  JSON_TEXT, JSON_ARRAY,
                                          JSON_OBJECT};

    (void)state;
    assert_true(read(STR("[null,true,-7,1.5,\"x\",[],{}]")));
    assert_int_equal(json_type(root), JSON_ARRAY);
    assert_int_equal(json_count(root), COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_int_equal(json_type(json_at(root, i)), want[i]);
    }
    assert_true(json_bool(json_at(root, 1)));
    assert_int_equal(json_int(json_at(root, 2)), -7);
    assert_true(json_double(json_at(root, 3)) == 1.5);
    assert_true(json_double(json_at(root, 2)) == -7.0);
    assert_text(json_text(json_at(root, 4)), "x");
}

static void reads_a_bare_value(void **state)
{
    (void)state;
    assert_true(read(STR(" \"only\"\r\n")));
    assert_text(json_text(root), "only");
}

static void keeps_members_in_the_order_they_were_written(void **state)
{
    const struct json *value = NULL;
    struct str name = STR_NONE;
    void *at = NULL;
    char order[32] = "";

    (void)state;
    assert_true(read(STR("{\"z\":0,\"a\":1,\"m\":2,\"b\":3,\"y\":4,\"c\":5,"
                         "\"x\":6,\"d\":7,\"w\":8,\"e\":9}")));
    for (int64_t i = 0; json_next(root, &at, &name, &value); i++) {
        assert_int_equal(json_int(value), i);
        order[i] = name.data[0];
    }
    assert_string_equal(order, "zambycxdwe");
    assert_int_equal(json_count(root), 10);
}

static void finds_a_member_or_null(void **state)
{
    (void)state;
    assert_true(read(STR("{\"a\":{\"b\":1}}")));
    assert_int_equal(json_int(json_find(json_find(root, "a"), "b")), 1);
    assert_null(json_find(root, "b"));
}

static void takes_whole_numbers_of_64_bits(void **state)
{
    (void)state;
    assert_true(read(STR("[9223372036854775807,-9223372036854775808]")));
    assert_true(json_int(json_at(root, 0)) == INT64_MAX);
    assert_true(json_int(json_at(root, 1)) == INT64_MIN);
}

static void reads_escapes_and_characters_of_four_bytes(void **state)
{
    (void)state;
    assert_true(read(STR("\"\\u00e9 \\ud83d\\ude00 \xF0\x9F\x98\x80 \\n\"")));
    assert_text(json_text(root),
                "\xC3\xA9 \xF0\x9F\x98\x80 \xF0\x9F\x98\x80 \n");
}

static void takes_the_depth_limit_and_refuses_one_more(void **state)
{
    char text[2 * (JSON_DEPTH_MAX + 1)];

    (void)state;
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    assert_true(read((struct str){text, 2 * JSON_DEPTH_MAX}));
    json_free(root);
    root = NULL;
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_false(read((struct str){text, sizeof text}));
    assert_int_equal(err.code, ERR_MALFORMED);
    assert_non_null(strstr(err.text, "line 1, column 33: nested too deep"));
}

static void counts_depth_outside_of_strings_only(void **state)
{
    (void)state;
    assert_true(
        read(STR("[\"[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                 "[[[[[[[[\","
                 "[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],"
                 "[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]")));
}

static void survives_a_body_of_brackets(void **state)
{
    static char text[1 << 20];

    (void)state;
    memset(text, '[', sizeof text);
    assert_false(read((struct str){text, sizeof text}));
}

static void refuses_what_is_not_json(void **state)
{
    static const struct {
        struct str text;
        const char *says;
    } cases[] = {
        {{"", 0}, "there is no JSON here"},
        {{NULL, 0}, "there is no JSON here"},
        {{" \n\t ", 4}, "there is no JSON here"},
        {{"{", 1}, "ends too early"},
        {{"\"abc", 4}, "ends too early"},
        {{"{} x", 4}, "nothing behind it"},
        {{"{\"a\":1,}", 8}, "line 1, column 8"},
        {{"[1,]", 4}, "line 1, column 4"},
        {{"{'a':1}", 7}, "well-formed JSON"},
        {{"{a:1}", 5}, "well-formed JSON"},
        {{"[1 2]", 5}, "well-formed JSON"},
        {{"tru", 3}, "well-formed JSON"},
        {{"NaN", 3}, "well-formed JSON"},
        {{"01", 2}, "well-formed JSON"},
        {{"+1", 2}, "well-formed JSON"},
        {{"[.5]", 4}, "well-formed JSON"},
        {{"0x10", 4}, ""},
        {{"// a\n1", 6}, "well-formed JSON"},
        {{"\xEF\xBB\xBF{}", 5}, "well-formed JSON"},
        {{"\n\n {\"a\" 1}", 10}, "line 3"},
        {{"{\"a\":1,\"a\":2}", 13}, "use each name once"},
        {{"\"\\u0000\"", 8}, "U+0000 is not allowed; leave"},
        {{"{\"\\u0000\":1}", 12}, "U+0000 is not allowed; leave"},
        {{"[\0]", 3}, ""},
        {{"\"\0\"", 3}, ""},
        {{"\"\x01\"", 3}, ""},
        {{"\"\n\"", 3}, ""},
        {{"\"\xFF\"", 3}, "send text as UTF-8"},
        {{"\"\xC0\x80\"", 4}, "send text as UTF-8"},
        {{"\"\xED\xA0\x80\"", 5}, "send text as UTF-8"},
        {{"\"\\ud800\"", 8}, "well-formed JSON"},
        {{"\"\\x\"", 4}, "well-formed JSON"},
        {{"9223372036854775808", 19}, "within 64 bits"},
        {{"-9223372036854775809", 20}, "within 64 bits"},
        {{"1e400", 5}, "within 64 bits"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        err = ERR_NONE;
        if (read(cases[i].text)) {
            fail_msg("took case %zu: %s", i, cases[i].text.data);
        }
        assert_int_equal(err.code, ERR_MALFORMED);
        assert_non_null(strstr(err.text, "line "));
        assert_non_null(strstr(err.text, ", column "));
        if (strstr(err.text, cases[i].says) == NULL) {
            fail_msg("case %zu: \"%s\" not in \"%s\"", i, cases[i].says,
                     err.text);
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_every_type),
        TEST(reads_a_bare_value),
        TEST(keeps_members_in_the_order_they_were_written),
        TEST(finds_a_member_or_null),
        TEST(takes_whole_numbers_of_64_bits),
        TEST(reads_escapes_and_characters_of_four_bytes),
        TEST(takes_the_depth_limit_and_refuses_one_more),
        TEST(counts_depth_outside_of_strings_only),
        TEST(survives_a_body_of_brackets),
        TEST(refuses_what_is_not_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

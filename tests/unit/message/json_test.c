/* Any message becomes JSON and comes back the same; what does not fit is told
 * with its path, all of it at once. */
#include "support.h"

#include "kinds.pb-c.h"

#define KINDS (&porter__test__kinds__descriptor)

static const char full[] =
    "{\"text\":\"caf\xC3\xA9 \xF0\x9F\x98\x80 "
    "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D\\n\",\"data\":\"AAH/\","
    "\"flag\":true,\"i32\":-2147483648,\"u32\":4294967295,"
    "\"i64\":-9223372036854775808,\"u64\":9223372036854775807,"
    "\"f32\":1.5,\"f64\":0.1,\"colour\":\"dark_blue\","
    "\"at\":\"2026-03-01T09:30:00.123Z\","
    "\"inner\":{\"name\":\"x\",\"count\":7},\"maybe_i32\":0,"
    "\"maybe_i64\":9223372036854775807,\"maybe_flag\":false,"
    "\"maybe_text\":\"\",\"maybe_f64\":2.5,\"texts\":[\"a\",\"\",\"b\"],"
    "\"numbers\":[1,-2],\"flags\":[true,false],\"reals\":[0.5,-1],"
    "\"colours\":[\"red\",\"dark_blue\"],"
    "\"inners\":[{\"name\":\"y\",\"count\":0},{\"name\":null,\"count\":1}],"
    "\"times\":[\"1969-12-31T23:59:59.999Z\"],"
    "\"words\":{\"z\":\"1\",\"a\":\"\",\"\":\"empty\"},"
    "\"counts\":{\"n\":5},\"things\":{\"t\":{\"name\":\"i\",\"count\":2}},"
    "\"or_that\":12,\"longs\":[9007199254740993]}";

static void writes_unset_fields_as_null_or_empty(void **state)
{
    (void)state;
    assert_string_equal(
        written(message_new(KINDS, arena)),
        "{\"text\":null,\"data\":\"\",\"flag\":false,\"i32\":0,\"u32\":0,"
        "\"i64\":0,\"u64\":0,\"f32\":0,\"f64\":0,\"colour\":null,\"at\":null,"
        "\"inner\":null,\"maybe_i32\":null,\"maybe_i64\":null,"
        "\"maybe_flag\":null,\"maybe_text\":null,\"maybe_f64\":null,"
        "\"texts\":[],\"numbers\":[],\"flags\":[],\"reals\":[],"
        "\"colours\":[],\"inners\":[],\"times\":[],\"words\":{},"
        "\"counts\":{},\"things\":{},\"longs\":[]}");
}

static void gives_back_what_it_read(void **state)
{
    ProtobufCMessage *m = NULL;

    (void)state;
    m = parse(KINDS, full);
    assert_string_equal(told(), "");
    assert_string_equal(written(m), full);
}

static void survives_bytes_in_between(void **state)
{
    ProtobufCMessage *m = parse(KINDS, full);
    struct buf bytes = BUF_EMPTY;

    (void)state;
    buf_add_char(&bytes, 'x'); /* Packing appends. */
    message_pack(m, &bytes);
    assert_true(message_unpack(
        KINDS, (struct str){bytes.data + 1, bytes.len - 1}, arena, &m, &err));
    buf_free(&bytes); /* The message has copies of its own. */
    assert_string_equal(written(m), full);
}

static void reads_its_own_unset_form(void **state)
{
    ProtobufCMessage *m = message_new(KINDS, arena);
    char *first = arena_cstr(arena, str_of(written(m)));

    (void)state;
    m = parse(KINDS, first);
    assert_string_equal(told(), "");
    assert_string_equal(written(m), first);
}

static void takes_null_for_unset_everywhere(void **state)
{
    ProtobufCMessage *m = NULL;

    (void)state;
    m = parse(KINDS, "{\"text\":null,\"data\":null,\"flag\":null,\"i32\":null,"
                     "\"f64\":null,\"colour\":null,\"at\":null,\"inner\":null,"
                     "\"maybe_i32\":null,\"texts\":null,\"words\":null,"
                     "\"either\":null,\"or_this\":null,"
                     "\"counts\":{\"gone\":null}}");
    assert_string_equal(told(), "");
    assert_non_null(strstr(written(m), "\"counts\":{}"));
    assert_null(strstr(written(m), "either"));
}

static void writes_only_the_member_of_a_oneof_that_is_set(void **state)
{
    (void)state;
    assert_non_null(
        strstr(written(parse(KINDS, "{\"either\":\"\"}")), "\"either\":\"\""));
    assert_non_null(strstr(written(parse(KINDS, "{\"or_this\":{}}")),
                           "\"or_this\":{\"name\":null,\"count\":0}"));
    assert_null(strstr(buf_cstr(&out), "either"));
    assert_null(strstr(buf_cstr(&out), "or_that"));
}

static void tells_each_fault_with_its_path(void **state)
{
    static const struct {
        const char *json;
        const char *want;
    } cases[] = {
        {"[]", " wrong_type\n"},
        {"{\"text\":1}", "text wrong_type\n"},
        {"{\"text\":\"a\\u0007\"}", "text bad_character\n"},
        {"{\"text\":\"a\\r\\n\"}", "text bad_character\n"},
        {"{\"text\":\"\\u007f\"}", "text bad_character\n"},
        {"{\"text\":\"\\u0085\"}", "text bad_character\n"},
        {"{\"data\":\"a\"}", "data bad_format\n"},
        {"{\"data\":\"????\"}", "data bad_format\n"},
        {"{\"data\":7}", "data wrong_type\n"},
        {"{\"flag\":\"true\"}", "flag wrong_type\n"},
        {"{\"flag\":1}", "flag wrong_type\n"},
        {"{\"i32\":2147483648}", "i32 out_of_range\n"},
        {"{\"i32\":-2147483649}", "i32 out_of_range\n"},
        {"{\"i32\":1.5}", "i32 wrong_type\n"},
        {"{\"i32\":\"1\"}", "i32 wrong_type\n"},
        {"{\"u32\":-1}", "u32 out_of_range\n"},
        {"{\"u32\":4294967296}", "u32 out_of_range\n"},
        {"{\"u64\":-1}", "u64 out_of_range\n"},
        {"{\"f32\":1e39}", "f32 out_of_range\n"},
        {"{\"f64\":\"1\"}", "f64 wrong_type\n"},
        {"{\"colour\":\"RED\"}", "colour not_allowed\n"},
        {"{\"colour\":\"unspecified\"}", "colour not_allowed\n"},
        {"{\"colour\":\"\"}", "colour not_allowed\n"},
        {"{\"colour\":1}", "colour wrong_type\n"},
        {"{\"at\":\"2026-02-30T00:00:00Z\"}", "at bad_format\n"},
        {"{\"at\":\"2026-02-20\"}", "at bad_format\n"},
        {"{\"at\":1772357400}", "at wrong_type\n"},
        {"{\"inner\":[]}", "inner wrong_type\n"},
        {"{\"inner\":{\"nope_at_all\":1}}",
         "inner.nope_at_all unknown_field\n"},
        {"{\"inner\":{\"count\":\"x\"}}", "inner.count wrong_type\n"},
        {"{\"maybe_i32\":\"x\"}", "maybe_i32 wrong_type\n"},
        {"{\"maybe_i32\":{\"value\":1}}", "maybe_i32 wrong_type\n"},
        {"{\"texts\":\"x\"}", "texts wrong_type\n"},
        {"{\"texts\":[\"a\",2,null]}",
         "texts[1] wrong_type\ntexts[2] wrong_type\n"},
        {"{\"inners\":[{},{\"count\":null},{\"count\":true}]}",
         "inners[2].count wrong_type\n"},
        {"{\"times\":[\"x\"]}", "times[0] bad_format\n"},
        {"{\"words\":[]}", "words wrong_type\n"},
        {"{\"words\":{\"a\":1,\"b\":\"\\u0001\"}}",
         "words.a wrong_type\nwords.b bad_character\n"},
        {"{\"words\":{\"\\n\\u0002\":\"x\"}}", "words.\n\x02 bad_character\n"},
        {"{\"things\":{\"t\":{\"count\":\"x\"}}}",
         "things.t.count wrong_type\n"},
        {"{\"either\":\"x\",\"or_that\":1}", "or_that not_allowed\n"},
        {"{\"zzzzzz\":1}", "zzzzzz unknown_field\n"},
        {"{\"Text\":1}", "Text unknown_field\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        faults_init(&faults, arena);
        assert_null(parse(KINDS, cases[i].json));
        if (strcmp(told(), cases[i].want) != 0) {
            fail_msg("%s: got \"%s\"", cases[i].json, told());
        }
    }
}

static void takes_numbers_at_their_limits(void **state)
{
    static const char text[] = "{\"i32\":2147483647,\"u32\":0,\"u64\":0,"
                               "\"f32\":3.4e38}";

    (void)state;
    assert_non_null(strstr(written(parse(KINDS, text)), "\"i32\":2147483647"));
}

static void tells_all_faults_at_once(void **state)
{
    (void)state;
    assert_null(parse(KINDS, "{\"text\":1,\"bogus\":2,\"at\":\"x\","
                             "\"inner\":{\"name\":[],\"count\":1.5},"
                             "\"numbers\":[1,\"2\"],\"flag\":true}"));
    assert_string_equal(told(), "text wrong_type\nbogus unknown_field\n"
                                "at bad_format\ninner.name wrong_type\n"
                                "inner.count wrong_type\n"
                                "numbers[1] wrong_type\n");
}

static const char *detail(void)
{
    return faults.list[faults.count - 1].detail.data;
}

static void says_what_to_do(void **state)
{
    (void)state;
    assert_null(parse(KINDS, "{\"text\":{}}"));
    assert_string_equal(detail(), "must be a string, not an object");
    assert_null(parse(KINDS, "{\"colour\":\"blue\"}"));
    assert_string_equal(detail(), "must be one of: red, dark_blue");
    assert_null(parse(KINDS, "{\"colours\":[\"blue\"]}"));
    assert_string_equal(detail(), "must be one of: red, dark_blue");
    assert_null(parse(KINDS, "{\"maybe_fla\":true}"));
    assert_string_equal(detail(),
                        "there is no such field; did you mean \"maybe_flag\"?");
    assert_null(parse(KINDS, "{\"inner\":{\"nmae\":\"x\"}}"));
    assert_string_equal(detail(),
                        "there is no such field; did you mean \"name\"?");
    assert_null(parse(KINDS, "{\"inner\":{\"somewhere\":\"x\"}}"));
    assert_string_equal(detail(),
                        "there is no such field; send only: name, count");
}

static void shows_only_the_beginning_of_a_long_name(void **state)
{
    struct buf text = BUF_EMPTY;

    (void)state;
    BUF_ADD(&text, "{\"x");
    for (int i = 0; i < 1000; i++) {
        BUF_ADD(&text, "\xF0\x9F\x98\x80");
    }
    BUF_ADD(&text, "\":1}");
    assert_null(parse(KINDS, buf_cstr(&text)));
    buf_free(&text);
    assert_int_equal(faults.list[0].field.len, 61); /* x and 15 of 4 bytes */
    assert_true(str_is_utf8(faults.list[0].field));
}

static void counts_the_faults_that_it_does_not_keep(void **state)
{
    struct buf text = BUF_EMPTY;

    (void)state;
    BUF_ADD(&text, "{\"numbers\":[");
    for (int i = 0; i < FAULTS_MAX + 100; i++) {
        BUF_ADD(&text, "\"x\",");
    }
    BUF_ADD(&text, "1]}");
    assert_null(parse(KINDS, buf_cstr(&text)));
    buf_free(&text);
    assert_int_equal(faults.count, FAULTS_MAX + 100);
}

static void refuses_bytes_that_are_no_message(void **state)
{
    ProtobufCMessage *m = NULL;

    (void)state;
    assert_false(message_unpack(KINDS, STR("\x0a\x7f"), arena, &m, &err));
    assert_int_equal(err.code, ERR_MALFORMED);
    assert_non_null(strstr(err.text, "porter.test.Kinds"));
    assert_null(m);
}

static void writes_null_for_a_time_that_is_none(void **state)
{
    /* at = {seconds: 2^63 - 1} and then {nanos: -1} */
    static const char late[] =
        "\x5a\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
    static const char negative[] =
        "\x5a\x0b\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    ProtobufCMessage *m = NULL;

    (void)state;
    assert_true(message_unpack(KINDS, (struct str){late, sizeof late - 1},
                               arena, &m, &err));
    assert_non_null(strstr(written(m), "\"at\":null"));
    assert_true(message_unpack(
        KINDS, (struct str){negative, sizeof negative - 1}, arena, &m, &err));
    assert_non_null(strstr(written(m), "\"at\":null"));
}

static void writes_null_for_an_enum_newer_than_we_are(void **state)
{
    ProtobufCMessage *m = NULL;

    (void)state;
    assert_true(message_unpack(KINDS, STR("\x50\x63"), arena, &m, &err));
    assert_non_null(strstr(written(m), "\"colour\":null"));
}

static void knows_enums_by_their_words(void **state)
{
    const ProtobufCEnumDescriptor *colour = &porter__test__colour__descriptor;
    int value = -1;

    (void)state;
    assert_string_equal(message_enum_word(colour, 5).data, "dark_blue");
    assert_int_equal(message_enum_word(colour, 0).len, 0);
    assert_int_equal(message_enum_word(colour, 2).len, 0);
    assert_true(message_enum_value(colour, STR("red"), &value));
    assert_int_equal(value, 1);
    assert_false(message_enum_value(colour, STR("re"), &value));
    assert_false(message_enum_value(colour, STR(""), &value));
    assert_false(message_enum_value(colour, STR_NONE, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_unset_fields_as_null_or_empty),
        TEST(gives_back_what_it_read),
        TEST(survives_bytes_in_between),
        TEST(reads_its_own_unset_form),
        TEST(takes_null_for_unset_everywhere),
        TEST(writes_only_the_member_of_a_oneof_that_is_set),
        TEST(tells_each_fault_with_its_path),
        TEST(takes_numbers_at_their_limits),
        TEST(tells_all_faults_at_once),
        TEST(says_what_to_do),
        TEST(shows_only_the_beginning_of_a_long_name),
        TEST(counts_the_faults_that_it_does_not_keep),
        TEST(refuses_bytes_that_are_no_message),
        TEST(writes_null_for_a_time_that_is_none),
        TEST(writes_null_for_an_enum_newer_than_we_are),
        TEST(knows_enums_by_their_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

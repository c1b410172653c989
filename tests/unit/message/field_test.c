/* Fields are found by path and set by kind, as the storage layer does. */
#include "support.h"

#include "kinds.pb-c.h"

#define KINDS (&porter__test__kinds__descriptor)

static ProtobufCMessage *m;

static int setup_message(void **state)
{
    (void)setup(state);
    m = message_new(KINDS, arena);
    return 0;
}

static struct message_field at(const char *path)
{
    return message_find(m, str_of(path), arena);
}

static void sets_each_kind(void **state)
{
    (void)state;
    message_set_text(at("text"), STR("x"), arena);
    message_set_bool(at("flag"), true);
    message_set_int(at("i32"), -5);
    message_set_int(at("u32"), 4294967295LL);
    message_set_int(at("i64"), INT64_MIN);
    message_set_int(at("u64"), INT64_MAX);
    message_set_enum(at("colour"), STR("red"));
    message_set_time(at("at"), -1, arena);
    message_set_text(at("inner.name"), STR("deep"), arena);
    message_set_int(at("maybe_i32"), 0);
    message_set_bool(at("maybe_flag"), false);
    message_set_text(at("maybe_text"), STR(""), arena);
    message_set_int(at("or_this.count"), 3);
    assert_true(message_set_json(at("texts"), STR("[\"a\"]"), arena, &err));
    assert_true(
        message_set_json(at("words"), STR("{\"k\":\"v\"}"), arena, &err));
    assert_string_equal(
        written(m),
        "{\"text\":\"x\",\"data\":\"\",\"flag\":true,\"i32\":-5,"
        "\"u32\":4294967295,\"i64\":-9223372036854775808,"
        "\"u64\":9223372036854775807,\"f32\":0,\"f64\":0,\"colour\":\"red\","
        "\"at\":\"1969-12-31T23:59:59.999Z\","
        "\"inner\":{\"name\":\"deep\",\"count\":0},\"maybe_i32\":0,"
        "\"maybe_i64\":null,\"maybe_flag\":false,\"maybe_text\":\"\","
        "\"maybe_f64\":null,\"texts\":[\"a\"],\"numbers\":[],\"flags\":[],"
        "\"reals\":[],\"colours\":[],\"inners\":[],\"times\":[],"
        "\"words\":{\"k\":\"v\"},\"counts\":{},\"things\":{},"
        "\"or_this\":{\"name\":null,\"count\":3},\"longs\":[]}");
}

static void leaves_a_wrapper_null_that_was_only_found(void **state)
{
    (void)state;
    (void)at("maybe_i32");
    assert_non_null(strstr(written(m), "\"maybe_i32\":null"));
}

static void finds_no_such_path(void **state)
{
    (void)state;
    assert_null(at("nope").field);
    assert_null(at("inner.nope").field);
    assert_null(at("text.name").field);
    assert_null(at("inners.name").field);
    assert_null(at("maybe_i32.value").field);
    assert_null(at("").field);
}

static void finds_below_an_unset_message_without_an_owner(void **state)
{
    struct message_field f = message_find(m, STR("inner.name"), NULL);

    (void)state;
    assert_non_null(f.field);
    assert_null(f.owner);
    assert_non_null(strstr(written(m), "\"inner\":null"));
}

static void does_not_look_into_the_other_member_of_a_oneof(void **state)
{
    (void)state;
    message_set_int(at("or_that"), INT64_MAX);
    assert_null(message_find(m, STR("or_this.name"), NULL).owner);
    message_set_text(at("or_this.name"), STR("x"), arena);
    assert_non_null(strstr(written(m), "\"or_this\":{\"name\":\"x\""));
    assert_null(strstr(written(m), "or_that"));
}

static void gets_a_time_to_the_microsecond(void **state)
{
    int64_t us = 0;

    (void)state;
    assert_false(message_get_time(at("at"), &us));
    message_set_time(at("at"), -1234567, arena);
    assert_true(message_get_time(at("at"), &us));
    assert_true(us == -1234567);
}

static void tells_json_that_does_not_fit(void **state)
{
    (void)state;
    assert_false(message_set_json(at("texts"), STR("[1]"), arena, &err));
    assert_int_equal(err.code, ERR_MALFORMED);
    assert_string_equal(err.text,
                        "texts[0] must be a string, not a whole number");
    assert_false(message_set_json(at("texts"), STR("["), arena, &err));
    assert_int_equal(err.code, ERR_MALFORMED);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_message, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sets_each_kind),
        TEST(leaves_a_wrapper_null_that_was_only_found),
        TEST(finds_no_such_path),
        TEST(finds_below_an_unset_message_without_an_owner),
        TEST(does_not_look_into_the_other_member_of_a_oneof),
        TEST(gets_a_time_to_the_microsecond),
        TEST(tells_json_that_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

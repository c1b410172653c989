/* Arguments as bytes: the formats of PostgreSQL's *recv functions. */
#include "db/args.h"
#include "db/oid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct db_params params;

static bool encode(struct db_arg arg, Oid type, struct err *err)
{
    const struct sql sql = {"test", "", 1, false};

    return params_encode(&params, &sql, &arg, &type, err);
}

static void expect(struct db_arg arg, Oid type, const void *bytes, size_t len)
{
    struct err err = ERR_NONE;

    assert_true(encode(arg, type, &err));
    assert_int_equal(params.lengths[0], len);
    assert_memory_equal(params.values[0], bytes, len);
}

static void ints_take_the_width_of_the_column(void **state)
{
    (void)state;
    expect(ARG_INT(-2), OID_INT2, "\xff\xfe", 2);
    expect(ARG_INT(258), OID_INT4, "\0\0\1\2", 4);
    expect(ARG_INT(258), OID_INT8, "\0\0\0\0\0\0\1\2", 8);
}

static void an_int_that_does_not_fit_is_invalid(void **state)
{
    struct err err = ERR_NONE;

    (void)state;
    assert_false(encode(ARG_INT(32768), OID_INT2, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(encode(ARG_INT(1LL << 31), OID_INT4, &err));
    assert_true(encode(ARG_INT(-(1LL << 31)), OID_INT4, &err));
}

static void a_kind_that_does_not_fit_is_our_mistake(void **state)
{
    const struct id id = {{1}};
    struct err err = ERR_NONE;

    (void)state;
    assert_false(encode(ARG_UUID(id), OID_TEXT, &err));
    assert_int_equal(err.code, ERR_INTERNAL);
    assert_false(encode(ARG_BOOL(true), OID_INT8, &err));
    assert_false(encode(ARG_TEXTS(NULL, 0), OID_UUID_ARRAY, &err));
}

static void times_count_from_2000(void **state)
{
    (void)state;
    expect(ARG_TIME(PG_EPOCH_US + 1), OID_TIMESTAMPTZ, "\0\0\0\0\0\0\0\1", 8);
    /* A microsecond before 2000 is still 1999-12-31. */
    expect(ARG_TIME(PG_EPOCH_US - 1), OID_DATE, "\xff\xff\xff\xff", 4);
    expect(ARG_TIME(PG_EPOCH_US), OID_DATE, "\0\0\0\0", 4);
}

static void json_carries_its_version(void **state)
{
    (void)state;
    expect(ARG_JSON(STR("{}")), OID_JSONB, "\1{}", 3);
    expect(ARG_JSON(STR("{}")), OID_JSON, "{}", 2);
}

static void text_of_other_types_is_read_by_the_server(void **state)
{
    struct err err = ERR_NONE;

    (void)state;
    expect(ARG_TEXT(STR("1 day")), 1186, "1 day\0", 6);
    assert_int_equal(params.formats[0], 0);
    assert_false(encode(ARG_TEXT(STR("a\0b")), 1186, &err));
    assert_int_equal(err.code, ERR_INVALID);
}

static void nulls_are_null(void **state)
{
    const struct db_arg nulls[] = {ARG_NULL, ARG_TEXT(STR_NONE),
                                   ARG_BYTES(STR_NONE), ARG_TIME(DB_TIME_NULL)};
    struct err err = ERR_NONE;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(nulls); i++) {
        assert_true(encode(nulls[i], OID_TEXT, &err));
        assert_null(params.values[0]);
    }
    assert_true(encode(ARG_TEXT(STR("")), OID_TEXT, &err));
    assert_non_null(params.values[0]);
}

static void arrays_have_head_and_elements(void **state)
{
    const struct str texts[] = {STR("ab"), STR_NONE};
    const int64_t numbers[] = {1, DB_INT_NULL};

    (void)state;
    expect(ARG_TEXTS(texts, 2), OID_TEXT_ARRAY,
           "\0\0\0\1"
           "\0\0\0\1"
           "\0\0\0\x19"
           "\0\0\0\2"
           "\0\0\0\1"
           "\0\0\0\2"
           "ab"
           "\xff\xff\xff\xff",
           30);
    expect(ARG_INTS(numbers, 2), OID_INT4_ARRAY,
           "\0\0\0\1"
           "\0\0\0\1"
           "\0\0\0\x17"
           "\0\0\0\2"
           "\0\0\0\1"
           "\0\0\0\4"
           "\0\0\0\1"
           "\xff\xff\xff\xff",
           32);
    expect(ARG_INTS(numbers, 0), OID_INT8_ARRAY,
           "\0\0\0\0"
           "\0\0\0\0"
           "\0\0\0\x14",
           12);
}

static int done(void **state)
{
    (void)state;
    params_done(&params);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ints_take_the_width_of_the_column),
        cmocka_unit_test(an_int_that_does_not_fit_is_invalid),
        cmocka_unit_test(a_kind_that_does_not_fit_is_our_mistake),
        cmocka_unit_test(times_count_from_2000),
        cmocka_unit_test(json_carries_its_version),
        cmocka_unit_test(text_of_other_types_is_read_by_the_server),
        cmocka_unit_test(nulls_are_null),
        cmocka_unit_test(arrays_have_head_and_elements),
    };

    return cmocka_run_group_tests(tests, NULL, done);
}

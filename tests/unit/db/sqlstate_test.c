/* What the server's error codes mean to us. */
#include "db/sqlstate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void codes_have_their_meaning(void **state)
{
    static const struct {
        const char *sqlstate;
        enum err_code code;
    } cases[] = {
        {NULL, ERR_UNAVAILABLE},    {"08006", ERR_UNAVAILABLE},
        {"57P01", ERR_UNAVAILABLE}, {"57014", ERR_UNAVAILABLE},
        {"53300", ERR_UNAVAILABLE}, {"25006", ERR_UNAVAILABLE},
        {"23505", ERR_CONFLICT},    {"40001", ERR_CONFLICT},
        {"40P01", ERR_CONFLICT},    {"55P03", ERR_CONFLICT},
        {"23503", ERR_INVALID},     {"23514", ERR_INVALID},
        {"22P02", ERR_INVALID},     {"42P01", ERR_INTERNAL},
        {"XX000", ERR_INTERNAL},    {"", ERR_INTERNAL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(sqlstate_code(cases[i].sqlstate), cases[i].code);
    }
}

static void only_a_worn_connection_is_made_anew(void **state)
{
    (void)state;
    assert_true(sqlstate_ends_connection("57P01"));
    assert_true(sqlstate_ends_connection("0A000"));
    assert_true(sqlstate_ends_connection("26000"));
    assert_false(sqlstate_ends_connection("57014"));
    assert_false(sqlstate_ends_connection("23505"));
    assert_false(sqlstate_ends_connection(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_their_meaning),
        cmocka_unit_test(only_a_worn_connection_is_made_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

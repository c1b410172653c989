/* A buf grows, stays NUL-terminated and can be used again. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void grows_and_stays_terminated(void **state)
{
    struct buf b = BUF_EMPTY;

    (void)state;
    assert_string_equal(buf_cstr(&b), "");
    for (size_t i = 0; i < 10000; i++) {
        buf_add_char(&b, 'x');
        assert_int_equal(b.len, i + 1);
        assert_int_equal(b.data[b.len], '\0');
    }
    buf_clear(&b);
    assert_string_equal(buf_cstr(&b), "");
    BUF_ADD(&b, "again");
    assert_string_equal(buf_cstr(&b), "again");
    buf_free(&b);
    buf_free(&b);
    assert_null(b.data);
}

static void adds_nothing_from_nothing(void **state)
{
    struct buf b = BUF_EMPTY;

    (void)state;
    buf_add(&b, STR_NONE);
    buf_add_bytes(&b, NULL, 0);
    assert_int_equal(b.len, 0);
    assert_string_equal(buf_cstr(&b), "");
    buf_free(&b);
    buf_reserve(&b, 10);
    assert_string_equal(buf_cstr(&b), "");
    buf_free(&b);
}

static void writes_numbers_to_their_ends(void **state)
{
    struct buf b = BUF_EMPTY;

    (void)state;
    buf_add_u64(&b, 0);
    buf_add_char(&b, ' ');
    buf_add_u64(&b, UINT64_MAX);
    buf_add_char(&b, ' ');
    buf_add_i64(&b, INT64_MIN);
    buf_add_char(&b, ' ');
    buf_add_i64(&b, INT64_MAX);
    assert_string_equal(buf_cstr(&b),
                        "0 18446744073709551615 -9223372036854775808 "
                        "9223372036854775807");
    buf_free(&b);
}

static void formats_behind_what_is_there(void **state)
{
    struct buf b = BUF_EMPTY;

    (void)state;
    BUF_ADD(&b, "a=");
    buf_addf(&b, "%300d|%s", 1, "end");
    assert_int_equal(b.len, 2 + 300 + 4);
    assert_string_equal(b.data + 2 + 300, "|end");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_stays_terminated),
        cmocka_unit_test(adds_nothing_from_nothing),
        cmocka_unit_test(writes_numbers_to_their_ends),
        cmocka_unit_test(formats_behind_what_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

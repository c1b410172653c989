/* The vectors of RFC 4226 and RFC 6238, and what is taken as a code. */
#include "crypt/totp.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define SECRET STR("12345678901234567890")

/* RFC 4226, appendix D. */
static void counters_give_the_codes_of_the_rfc(void **state)
{
    static const uint32_t codes[] = {755224, 287082, 359152, 969429, 338314,
                                     254676, 287922, 162583, 399871, 520489};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        assert_int_equal(totp_code(SECRET, (int64_t)i, 6), codes[i]);
    }
}

/* RFC 6238, appendix B: SHA-1, eight digits. */
static void times_give_the_codes_of_the_rfc(void **state)
{
    static const struct {
        int64_t at_s;
        uint32_t code;
    } rows[] = {
        {59, 94287082},         {1111111109, 7081804},  {1111111111, 14050471},
        {1234567890, 89005924}, {2000000000, 69279037}, {20000000000, 65353130},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(totp_code(SECRET, rows[i].at_s / TOTP_STEP_S, 8),
                         rows[i].code);
    }
}

static void a_code_is_good_for_its_step_and_those_beside_it(void **state)
{
    /* 1111111109 is in step 37037036; its code is 081804. */
    const int64_t step = 37037036;

    (void)state;
    for (int64_t off = -3; off <= 3; off++) {
        int64_t now_us = (step + off) * TOTP_STEP_S * US_PER_S;
        int64_t got = 0;
        bool is_near = off >= -TOTP_DRIFT && off <= TOTP_DRIFT;

        assert_int_equal(totp_check(SECRET, STR("081804"), now_us, &got),
                         is_near);
        assert_int_equal(got, is_near ? step : 0);
    }
}

static void what_is_no_code_is_none(void **state)
{
    static const char *const bad[] = {"",       "81804",   "0818040", "081805",
                                      "08180a", " 081804", "081804\n"};
    const int64_t now_us = 1111111109 * US_PER_S;
    int64_t step = 0;

    (void)state;
    assert_true(totp_check(SECRET, STR("081804"), now_us, &step));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(totp_check(SECRET, str_of(bad[i]), now_us, &step));
    }
    assert_false(
        totp_check(STR("another secret here!"), STR("081804"), now_us, &step));
}

/* RFC 4648, 10, without padding. */
static void a_secret_is_written_in_base32(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "MY"},
        {"fo", "MZXQ"},
        {"foo", "MZXW6"},
        {"foob", "MZXW6YQ"},
        {"fooba", "MZXW6YTB"},
        {"foobar", "MZXW6YTBOI"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out = BUF_EMPTY;

        totp_write_secret(str_of(rows[i][0]), &out);
        assert_string_equal(buf_cstr(&out), rows[i][1]);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_give_the_codes_of_the_rfc),
        cmocka_unit_test(times_give_the_codes_of_the_rfc),
        cmocka_unit_test(a_code_is_good_for_its_step_and_those_beside_it),
        cmocka_unit_test(what_is_no_code_is_none),
        cmocka_unit_test(a_secret_is_written_in_base32),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

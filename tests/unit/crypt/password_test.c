/* A password is known again, and only that one. */
#include "crypt/crypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void the_right_password_fits_and_no_other(void **state)
{
    struct buf hash = BUF_EMPTY;

    (void)state;
    crypt_password_hash(STR("Grüße, 1 Elefant"), &hash);
    assert_true(crypt_password_verify(STR("Grüße, 1 Elefant"), buf_str(&hash)));
    assert_false(
        crypt_password_verify(STR("Grüße, 2 Elefant"), buf_str(&hash)));
    assert_false(crypt_password_verify(STR(""), buf_str(&hash)));
    buf_free(&hash);
}

static void the_same_password_is_stored_differently(void **state)
{
    struct buf a = BUF_EMPTY;
    struct buf b = BUF_EMPTY;

    (void)state;
    crypt_password_hash(STR("same"), &a);
    crypt_password_hash(STR("same"), &b);
    assert_false(str_eq(buf_str(&a), buf_str(&b)));
    buf_free(&a);
    buf_free(&b);
}

/* Node: crypto.scryptSync("pass", Buffer.alloc(16), 32,
 *                         {N: 1024, r: 8, p: 1}) */
static void a_hash_of_another_program_is_understood(void **state)
{
    (void)state;
    assert_true(crypt_password_verify(
        STR("pass"), STR("$scrypt$ln=10,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA==$"
                         "3HYP5chdpOMVDCw6N6j+oM8fZi5t4wARYAg+vAvGjWo=")));
}

static void what_is_no_hash_fits_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        "pass",
        "$",
        "$scrypt$",
        "$scrypt$ln=10,r=8,p=1$$",
        "$scrypt$ln=63,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA==$AAAA",
        ("$scrypt$ln=10,r=9,p=1$AAAAAAAAAAAAAAAAAAAAAA==$"
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(crypt_password_verify(STR("pass"), str_of(bad[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_password_fits_and_no_other),
        cmocka_unit_test(the_same_password_is_stored_differently),
        cmocka_unit_test(a_hash_of_another_program_is_understood),
        cmocka_unit_test(what_is_no_hash_fits_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

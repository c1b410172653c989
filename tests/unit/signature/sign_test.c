/* Signatures are what an integrator's code computes: Standard Webhooks' own
 * vector, and values made with the product page's Python function. */
#include "signature/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SECRET STR("whsec_9MAy2gvfDdz1H9PSY93kThWTdY+jPBe5Am+cAYiOQ+E=")
#define BODY                                                                   \
    STR("{\"full_name\":\"Zoë "                                               \
        "Muñoz\",\"company\":\"株式会社\",\"note\":\"✓\"}")

static void body_signature_is_the_product_pages(void **state)
{
    char hex[SIGN_HEX_LEN + 1];

    (void)state;
    sign_body(SECRET, BODY, hex);
    assert_string_equal(hex, "00ac20867bd4e2e39682e78ceb25a672"
                             "f53b88d398b2fbc19261f7422ca317f6");
}

static void standard_signature_is_the_standards(void **state)
{
    struct buf out = BUF_EMPTY;
    struct err err = ERR_NONE;

    (void)state;
    assert_true(sign_standard(STR("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                              STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                              STR("{\"test\": 2432232314}"), &out, &err));
    assert_string_equal(buf_cstr(&out),
                        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    buf_free(&out);
}

static void standard_signature_takes_any_utf8(void **state)
{
    struct buf out = BUF_EMPTY;
    struct err err = ERR_NONE;

    (void)state;
    assert_true(
        sign_standard(SECRET, STR("evt_01"), 1700000000, BODY, &out, &err));
    assert_string_equal(buf_cstr(&out),
                        "v1,fg9QvJbQWSUtdiXFFON1KM1EGtVbLoQr0lCJWnl3gTA=");
    buf_free(&out);
}

static void a_secret_that_is_no_base64_is_an_error(void **state)
{
    struct buf out = BUF_EMPTY;
    struct err err = ERR_NONE;

    (void)state;
    assert_false(
        sign_standard(STR("whsec_*"), STR("evt_01"), 1, BODY, &out, &err));
    assert_int_equal(err.code, ERR_INTERNAL);
    assert_false(
        sign_standard(STR("whsec_"), STR("evt_01"), 1, BODY, &out, &err));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_signature_is_the_product_pages),
        cmocka_unit_test(standard_signature_is_the_standards),
        cmocka_unit_test(standard_signature_takes_any_utf8),
        cmocka_unit_test(a_secret_that_is_no_base64_is_an_error),
    };

    return cmocka_run_group_tests_name("sign", tests, NULL, NULL);
}

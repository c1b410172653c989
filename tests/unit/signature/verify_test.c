/* The receiver believes a webhook only when Porter signed these very bytes. */
#include "signature/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* The example of the Standard Webhooks specification. */
#define SECRET STR("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
#define ID STR("msg_p5jXN8AQM9LWM0D4loKWxJek")
#define SENT_S 1614265330
#define SENT STR("1614265330")
#define BODY STR("{\"test\": 2432232314}")
#define SIGNATURE STR("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")

static void believes_the_specifications_example(void **state)
{
    (void)state;
    assert_true(verify_standard(SECRET, ID, SENT, BODY, SIGNATURE, SENT_S));
    assert_true(verify_standard(
        SECRET, ID, SENT, BODY,
        STR("v2,x v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        SENT_S));
}

static void does_not_believe_anything_else(void **state)
{
    (void)state;
    assert_false(
        verify_standard(SECRET, ID, SENT, STR("{}"), SIGNATURE, SENT_S));
    assert_false(
        verify_standard(SECRET, STR("msg_2"), SENT, BODY, SIGNATURE, SENT_S));
    assert_false(
        verify_standard(STR("whsec_AAAA"), ID, SENT, BODY, SIGNATURE, SENT_S));
    assert_false(verify_standard(SECRET, ID, SENT, BODY, STR(""), SENT_S));
    assert_false(verify_standard(SECRET, ID, SENT, BODY, STR("v1,"), SENT_S));
}

static void does_not_believe_old_or_future_ones(void **state)
{
    (void)state;
    assert_true(verify_standard(SECRET, ID, SENT, BODY, SIGNATURE,
                                SENT_S + VERIFY_TOLERANCE_S));
    assert_false(verify_standard(SECRET, ID, SENT, BODY, SIGNATURE,
                                 SENT_S + VERIFY_TOLERANCE_S + 1));
    assert_false(verify_standard(SECRET, ID, SENT, BODY, SIGNATURE,
                                 SENT_S - VERIFY_TOLERANCE_S - 1));
    assert_false(
        verify_standard(SECRET, ID, STR("soon"), BODY, SIGNATURE, SENT_S));
}

static void checks_porters_own_header(void **state)
{
    /* printf %s hello | openssl dgst -sha256 -hmac whsec_a */
    struct str good = STR("1a155df853e5b20ff3458ea66ed7f28c"
                          "7464eb3b2b895039cfbf102b32fb7d00");

    (void)state;
    assert_true(verify_porter(STR("whsec_a"), STR("hello"), good));
    assert_false(verify_porter(STR("whsec_b"), STR("hello"), good));
    assert_false(verify_porter(STR("whsec_a"), STR("hellO"), good));
    assert_false(verify_porter(STR("whsec_a"), STR("hello"), STR_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(believes_the_specifications_example),
        cmocka_unit_test(does_not_believe_anything_else),
        cmocka_unit_test(does_not_believe_old_or_future_ones),
        cmocka_unit_test(checks_porters_own_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The receiver believes a webhook only when Porter signed these very bytes. */
#include "signature/verify.h"

#include "signature/jwks.h"
#include "signature/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

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

/* --- public keys -----------------------------------------------------------
 */

static struct ed25519_keys *keys_of(const char *pem)
{
    char path[] = "/tmp/verify-test-XXXXXX";
    int fd = mkstemp(path);
    struct ed25519_keys *keys = NULL;
    struct err err = ERR_NONE;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, pem, strlen(pem)), strlen(pem));
    assert_int_equal(close(fd), 0);
    assert_true(ed25519_load(path, &keys, &err));
    assert_int_equal(unlink(path), 0);
    return keys;
}

static void public_keys_verify_what_the_private_one_signed(void **state)
{
    struct ed25519_keys *keys = keys_of(
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
        "-----END PRIVATE KEY-----\n");
    struct ed25519_keys *other =
        keys_of("-----BEGIN PUBLIC KEY-----\n"
                "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
                "-----END PUBLIC KEY-----\n");
    struct buf text = BUF_EMPTY;
    struct str all;

    (void)state;
    BUF_ADD(&text, "v1,AAAA v1a,AAAA ");
    sign_public(keys, ID, SENT_S, BODY, &text);
    all = buf_str(&text);
    assert_true(verify_has_public(all));
    assert_false(verify_has_public(STR("v1,AAAA v1b,AAAA")));
    assert_true(verify_public(keys, ID, SENT, BODY, all));
    assert_false(verify_public(other, ID, SENT, BODY, all));
    assert_false(verify_public(NULL, ID, SENT, BODY, all));
    assert_false(verify_public(keys, STR("msg_2"), SENT, BODY, all));
    assert_false(verify_public(keys, ID, STR("1614265331"), BODY, all));
    assert_false(verify_public(keys, ID, SENT, STR("{}"), all));
    assert_false(verify_public(keys, ID, SENT, BODY,
                               (struct str){all.data, all.len - 4}));
    buf_free(&text);
    ed25519_free(keys);
    ed25519_free(other);
}

static void the_key_set_is_what_the_rfc_shows(void **state)
{
    struct ed25519_keys *keys =
        keys_of("-----BEGIN PUBLIC KEY-----\n"
                "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
                "-----END PUBLIC KEY-----\n");
    struct buf text = BUF_EMPTY;

    (void)state;
    jwks_write(keys, &text); /* RFC 8037, A.2 and A.3 */
    assert_string_equal(
        buf_cstr(&text),
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
        "\"kid\":\"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\","
        "\"use\":\"sig\",\"alg\":\"EdDSA\"}]}");
    buf_clear(&text);
    jwks_write(NULL, &text);
    assert_string_equal(buf_cstr(&text), "{\"keys\":[]}");
    buf_free(&text);
    ed25519_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(believes_the_specifications_example),
        cmocka_unit_test(does_not_believe_anything_else),
        cmocka_unit_test(does_not_believe_old_or_future_ones),
        cmocka_unit_test(checks_porters_own_header),
        cmocka_unit_test(public_keys_verify_what_the_private_one_signed),
        cmocka_unit_test(the_key_set_is_what_the_rfc_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

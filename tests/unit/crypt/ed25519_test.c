/* Ed25519 as RFC 8032 has it, and keys from PEM files. */
#include "crypt/ed25519.h"

#include "base/codec.h"
#include "crypt/crypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* RFC 8032, 7.1, TEST 2, as PKCS#8 and SubjectPublicKeyInfo. */
#define PRIVATE                                                                \
    "-----BEGIN PRIVATE KEY-----\n"                                            \
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"       \
    "-----END PRIVATE KEY-----\n"
#define PUBLIC                                                                 \
    "-----BEGIN PUBLIC KEY-----\n"                                             \
    "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"           \
    "-----END PUBLIC KEY-----\n"
#define PUBLIC_HEX                                                             \
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
#define SIGNATURE_HEX                                                          \
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"         \
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"

static char path[64];

static bool load(const char *pem, struct ed25519_keys **out, struct err *err)
{
    FILE *file = NULL;
    int fd = -1;

    (void)snprintf(path, sizeof path, "/tmp/ed25519-test-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    file = fdopen(fd, "w");
    assert_non_null(file);
    assert_true(fputs(pem, file) >= 0);
    assert_int_equal(fclose(file), 0);
    bool ok = ed25519_load(path, out, err);
    assert_int_equal(unlink(path), 0);
    return ok;
}

static struct ed25519_keys *must_load(const char *pem)
{
    struct ed25519_keys *keys = NULL;
    struct err err = ERR_NONE;

    if (!load(pem, &keys, &err)) {
        fail_msg("%s", err.text);
    }
    return keys;
}

static void signs_as_the_rfc_does(void **state)
{
    struct ed25519_keys *keys = must_load(PRIVATE);
    uint8_t bytes[ED25519_SIGNATURE_BYTES];
    char hex[2 * ED25519_SIGNATURE_BYTES + 1];

    (void)state;
    ed25519_public(keys, 0, bytes);
    hex_write(bytes, ED25519_PUBLIC_BYTES, hex);
    assert_string_equal(hex, PUBLIC_HEX);
    assert_true(ed25519_can_sign(keys));
    ed25519_sign(keys, STR("\x72"), bytes);
    hex_write(bytes, sizeof bytes, hex);
    assert_string_equal(hex, SIGNATURE_HEX);
    ed25519_free(keys);
}

static void verifies_with_any_of_its_keys_and_nothing_else(void **state)
{
    struct ed25519_keys *mine = must_load(PRIVATE);
    struct ed25519_keys *theirs = must_load(
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
        "-----END PUBLIC KEY-----\n" PUBLIC);
    struct ed25519_keys *other = must_load(
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
        "-----END PUBLIC KEY-----\n");
    uint8_t bytes[ED25519_SIGNATURE_BYTES];
    struct str signature = {(char *)bytes, sizeof bytes};

    (void)state;
    ed25519_sign(mine, STR("hello"), bytes);
    assert_int_equal(ed25519_count(theirs), 2);
    assert_false(ed25519_can_sign(theirs));
    assert_true(ed25519_verify(theirs, STR("hello"), signature));
    assert_false(ed25519_verify(theirs, STR("hellO"), signature));
    assert_false(ed25519_verify(other, STR("hello"), signature));
    assert_false(ed25519_verify(NULL, STR("hello"), signature));
    signature.len--;
    assert_false(ed25519_verify(theirs, STR("hello"), signature));
    signature.len++;
    bytes[3] ^= 1;
    assert_false(ed25519_verify(theirs, STR("hello"), signature));
    ed25519_free(mine);
    ed25519_free(theirs);
    ed25519_free(other);
}

static void refuses_what_is_no_ed25519_key(void **state)
{
    static const char *const bad[] = {
        "",
        "no PEM at all\n",
        "-----BEGIN CERTIFICATE-----\nMCow\n-----END CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n",
        /* X25519: of the right length, for another purpose. */
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VuAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"
        "-----END PUBLIC KEY-----\n",
        PUBLIC PUBLIC PUBLIC PUBLIC PUBLIC,
        PUBLIC "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAPUAXw+",
    };
    struct ed25519_keys *keys = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = ERR_NONE;

        assert_false(load(bad[i], &keys, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_null(keys);
    }
    struct err err = ERR_NONE;
    assert_false(ed25519_load("/nowhere/at-all", &keys, &err));
    assert_int_equal(err.code, ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_the_rfc_does),
        cmocka_unit_test(verifies_with_any_of_its_keys_and_nothing_else),
        cmocka_unit_test(refuses_what_is_no_ed25519_key),
    };

    return cmocka_run_group_tests_name("ed25519", tests, NULL, NULL);
}

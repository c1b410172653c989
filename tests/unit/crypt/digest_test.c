/* Digests are those of the standards. */
#include "crypt/crypt.h"

#include "base/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void expect_hex(struct sha256 digest, const char *want)
{
    char hex[2 * SHA256_BYTES + 1];

    hex_write(digest.bytes, sizeof digest.bytes, hex);
    assert_string_equal(hex, want);
}

static void sha256_is_fips_180_4(void **state)
{
    (void)state;
    expect_hex(crypt_sha256(STR("abc")), "ba7816bf8f01cfea414140de5dae2223"
                                         "b00361a396177a9cb410ff61f20015ad");
    expect_hex(crypt_sha256(STR_NONE), "e3b0c44298fc1c149afbf4c8996fb924"
                                       "27ae41e4649b934ca495991b7852b855");
}

/* RFC 4231, cases 1, 2 and 6. */
static void hmac_is_rfc_4231(void **state)
{
    char key[131];

    (void)state;
    memset(key, 0x0b, 20);
    expect_hex(crypt_hmac_sha256((struct str){key, 20}, STR("Hi There")),
               "b0344c61d8db38535ca8afceaf0bf12b"
               "881dc200c9833da726e9376c2e32cff7");
    expect_hex(
        crypt_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?")),
        "5bdcc146bf60754e6a042426089575c7"
        "5a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    expect_hex(crypt_hmac_sha256((struct str){key, sizeof key},
                                 STR("Test Using Larger Than Block-Size Key - "
                                     "Hash Key First")),
               "60e431591ee0b67f0d8a26aacbf5b77f"
               "8e0bc6213728c5140546040f0ee37f54");
}

static void pieces_are_as_good_as_the_whole(void **state)
{
    const struct str parts[] = {STR("evt_1"), STR("."), STR_NONE, STR("body")};
    struct sha256 whole = crypt_hmac_sha256(STR("k"), STR("evt_1.body"));
    struct sha256 pieces = crypt_hmac_sha256_parts(STR("k"), parts, 4);

    (void)state;
    assert_memory_equal(whole.bytes, pieces.bytes, SHA256_BYTES);
}

static void an_empty_key_is_a_key(void **state)
{
    (void)state;
    expect_hex(crypt_hmac_sha256(STR_NONE, STR_NONE),
               "b613679a0814d9ec772f95d778c35fc5"
               "ff1697c493715653c6c712144292c5ad");
}

static void a_fingerprint_tells_texts_and_keys_apart(void **state)
{
    const struct sha256 key = crypt_sha256(STR("key"));
    const struct sha256 other = crypt_sha256(STR("other"));
    const struct sha256 made = crypt_fingerprint(&key, STR("a page"));
    const struct sha256 again = crypt_fingerprint(&key, STR("a page"));
    const struct sha256 less = crypt_fingerprint(&key, STR("a pag"));
    const struct sha256 more = crypt_fingerprint(&key, STR("a page\0"));
    const struct sha256 theirs = crypt_fingerprint(&other, STR("a page"));
    const struct sha256 none = crypt_fingerprint(&key, STR_NONE);

    (void)state;
    assert_memory_equal(made.bytes, again.bytes, SHA256_BYTES);
    assert_memory_not_equal(made.bytes, less.bytes, SHA256_BYTES);
    assert_memory_not_equal(made.bytes, more.bytes, SHA256_BYTES);
    assert_memory_not_equal(made.bytes, theirs.bytes, SHA256_BYTES);
    assert_memory_not_equal(made.bytes, none.bytes, SHA256_BYTES);
}

static void equal_means_every_byte(void **state)
{
    (void)state;
    assert_true(crypt_equal(STR("same"), STR("same")));
    assert_true(crypt_equal(STR_NONE, STR("")));
    assert_false(crypt_equal(STR("same"), STR("sane")));
    assert_false(crypt_equal(STR("same"), STR("samee")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_fips_180_4),
        cmocka_unit_test(hmac_is_rfc_4231),
        cmocka_unit_test(pieces_are_as_good_as_the_whole),
        cmocka_unit_test(an_empty_key_is_a_key),
        cmocka_unit_test(a_fingerprint_tells_texts_and_keys_apart),
        cmocka_unit_test(equal_means_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

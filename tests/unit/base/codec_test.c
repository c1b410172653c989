/* Bytes become text by the published vectors, and back. */
#include "base/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* RFC 4648, 10. */
static const struct {
    const char *bytes;
    const char *text;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static void base64_agrees_with_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        struct buf b = BUF_EMPTY;
        char got[16];
        size_t len = 99;

        base64_add(&b, vectors[i].bytes, strlen(vectors[i].bytes));
        assert_string_equal(buf_cstr(&b), vectors[i].text);
        assert_true(base64_read(buf_str(&b), got, sizeof got, &len));
        assert_int_equal(len, strlen(vectors[i].bytes));
        assert_memory_equal(got, vectors[i].bytes, len);
        buf_free(&b);
    }
}

static void base64_reads_both_alphabets_with_or_without_padding(void **state)
{
    static const unsigned char want[] = {0xFB, 0xFF};
    static const char *const forms[] = {"+/8=", "-_8=", "+/8", "-_8"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        unsigned char got[2];
        size_t len = 0;

        assert_true(base64_read(str_of(forms[i]), got, sizeof got, &len));
        assert_int_equal(len, 2);
        assert_memory_equal(got, want, 2);
    }
}

static void base64_refuses_other_text_and_too_much(void **state)
{
    static const char *const bad[] = {
        "A", "A===", "AA=A", "=", "==", "====", "AA=", "A A=", "AA\n", "AAA*"};
    unsigned char got[8];
    size_t len = 99;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (base64_read(str_of(bad[i]), got, sizeof got, &len)) {
            fail_msg("took %s", bad[i]);
        }
    }
    assert_false(base64_read(STR("AAAA"), got, 2, &len));
    assert_int_equal(len, 99);
    assert_true(base64_read(STR("AAAA"), got, 3, &len));
}

static void writes_hex(void **state)
{
    char text[9];

    (void)state;
    hex_write("\x00\x0F\xA5\xFF", 4, text);
    assert_string_equal(text, "000fa5ff");
}

static void writes_base62_padded_and_cut(void **state)
{
    char text[7] = "";

    (void)state;
    base62_write(0, text, 6);
    assert_string_equal(text, "000000");
    base62_write(61, text, 6);
    assert_string_equal(text, "00000z");
    base62_write(62, text, 6);
    assert_string_equal(text, "000010");
    base62_write(UINT32_MAX, text, 6);
    assert_string_equal(text, "4gfFC3");
    assert_true(base62_is(STR("09AZaz")));
    assert_false(base62_is(STR("a-b")));
    assert_false(base62_is((struct str){"a\0b", 3}));
}

static void random_base62_is_base62_and_differs(void **state)
{
    char a[43];
    char b[43];

    (void)state;
    base62_random(a, sizeof a);
    base62_random(b, sizeof b);
    assert_true(base62_is((struct str){a, sizeof a}));
    assert_memory_not_equal(a, b, sizeof a);
}

static void crc_agrees_with_its_check_value(void **state)
{
    (void)state;
    assert_true(crc32_of(STR("123456789")) == 0xCBF43926U);
    assert_true(crc32_of(STR_NONE) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_agrees_with_the_rfc),
        cmocka_unit_test(base64_reads_both_alphabets_with_or_without_padding),
        cmocka_unit_test(base64_refuses_other_text_and_too_much),
        cmocka_unit_test(writes_hex),
        cmocka_unit_test(writes_base62_padded_and_cut),
        cmocka_unit_test(random_base62_is_base62_and_differs),
        cmocka_unit_test(crc_agrees_with_its_check_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

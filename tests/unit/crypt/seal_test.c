/* A sealed value opens with its key, in its place, and in no other way. */
#include "crypt/crypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define KEY_A "a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "b:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

static struct err err;
static struct buf sealed;
static struct buf plain;

static int setup(void **state)
{
    (void)state;
    err = ERR_NONE;
    sealed = BUF_EMPTY;
    plain = BUF_EMPTY;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_free(&sealed);
    buf_free(&plain);
    return 0;
}

static struct seal_keys keys_of(struct str text)
{
    struct seal_keys keys;

    assert_true(seal_keys_read(text, &keys, &err));
    return keys;
}

static void opens_what_it_closed(void **state)
{
    struct seal_keys keys = keys_of(STR(KEY_A));

    (void)state;
    seal_close(&keys, STR("whsec_1"), STR("whk_1"), &sealed);
    assert_int_equal(sealed.len, 2 + 1 + 12 + 7 + 16);
    assert_true(seal_open(&keys, buf_str(&sealed), STR("whk_1"), &plain, &err));
    assert_string_equal(buf_cstr(&plain), "whsec_1");
}

static void tells_which_key_closed_it(void **state)
{
    struct seal_keys keys = keys_of(STR(KEY_B "," KEY_A));

    (void)state;
    seal_close(&keys, STR("x"), STR("c"), &sealed);
    assert_true(str_eq(seal_key_id(buf_str(&sealed)), STR("b")));
    seal_head(&keys, &plain);
    assert_true(str_eq(buf_str(&plain), STR("\1\1b")));
    assert_true(str_starts(buf_str(&sealed), buf_str(&plain)));
    assert_null(seal_key_id(STR("\1\1b")).data);
    assert_null(seal_key_id(STR("no sealed value, but long enough")).data);
    assert_null(seal_key_id(STR_NONE).data);
}

static void never_gives_the_same_bytes_twice(void **state)
{
    struct seal_keys keys = keys_of(STR(KEY_A));

    (void)state;
    seal_close(&keys, STR("x"), STR("c"), &sealed);
    seal_close(&keys, STR("x"), STR("c"), &plain);
    assert_false(str_eq(buf_str(&sealed), buf_str(&plain)));
}

static void an_old_key_still_opens_after_a_rotation(void **state)
{
    struct seal_keys old = keys_of(STR(KEY_A));
    struct seal_keys both = keys_of(STR(KEY_B "," KEY_A));

    (void)state;
    seal_close(&old, STR("x"), STR("c"), &sealed);
    assert_true(seal_open(&both, buf_str(&sealed), STR("c"), &plain, &err));
    seal_close(&both, STR("y"), STR("c"), &plain);
    assert_int_equal(plain.data[1 + 2], 'b'); /* The first one seals. */
}

static void an_unknown_key_opens_nothing(void **state)
{
    struct seal_keys a = keys_of(STR(KEY_A));
    struct seal_keys b = keys_of(STR(KEY_B));

    (void)state;
    seal_close(&a, STR("x"), STR("c"), &sealed);
    assert_false(seal_open(&b, buf_str(&sealed), STR("c"), &plain, &err));
    assert_int_equal(err.code, ERR_INTERNAL);
    assert_string_equal(err.text, "no seal key is named a");
}

static void another_place_opens_nothing(void **state)
{
    struct seal_keys keys = keys_of(STR(KEY_A));

    (void)state;
    seal_close(&keys, STR("x"), STR("whk_1"), &sealed);
    assert_false(
        seal_open(&keys, buf_str(&sealed), STR("whk_2"), &plain, &err));
    assert_int_equal(plain.len, 0);
}

static void no_byte_can_be_changed_or_cut(void **state)
{
    struct seal_keys keys = keys_of(STR(KEY_A));

    (void)state;
    seal_close(&keys, STR("secret"), STR("c"), &sealed);
    for (size_t i = 0; i < sealed.len; i++) {
        struct str cut = {sealed.data, i};

        assert_false(seal_open(&keys, cut, STR("c"), &plain, &err));
        sealed.data[i] ^= 1;
        assert_false(
            seal_open(&keys, buf_str(&sealed), STR("c"), &plain, &err));
        sealed.data[i] ^= 1;
        assert_int_equal(plain.len, 0);
    }
}

static void refuses_bad_key_lists_without_showing_them(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "seal key 1 has no id"},
        {"AAAA", "seal key 1 has no id"},
        {"A:AAAA", "seal key 1 has no id"},
        {"a:c2VjcmV0", "seal key 1 (a) is not the base64 of 32 bytes"},
        {"a:!", "seal key 1 (a) is not the base64 of 32 bytes"},
        {KEY_A ",", "seal key 2 has no id"},
        {KEY_A "," KEY_A, "two seal keys are named a"},
    };
    struct seal_keys keys;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_false(seal_keys_read(str_of(cases[i].text), &keys, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_non_null(strstr(err.text, cases[i].says));
        assert_null(strstr(err.text, "c2VjcmV0"));
    }
}

static void refuses_more_keys_than_its_limit(void **state)
{
    struct buf text = BUF_EMPTY;
    struct seal_keys keys;

    (void)state;
    for (int i = 0; i < SEAL_KEYS_MAX + 1; i++) {
        buf_addf(&text, "%sk%d%s", i > 0 ? "," : "", i, &KEY_A[1]);
    }
    assert_false(seal_keys_read(buf_str(&text), &keys, &err));
    assert_string_equal(err.text, "over 8 seal keys");
    buf_free(&text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opens_what_it_closed),
        TEST(tells_which_key_closed_it),
        TEST(never_gives_the_same_bytes_twice),
        TEST(an_old_key_still_opens_after_a_rotation),
        TEST(an_unknown_key_opens_nothing),
        TEST(another_place_opens_nothing),
        TEST(no_byte_can_be_changed_or_cut),
        TEST(refuses_bad_key_lists_without_showing_them),
        TEST(refuses_more_keys_than_its_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

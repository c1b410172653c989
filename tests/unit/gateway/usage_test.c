/* Keys in use: counted while under way, and due once after a use. */
#include "gateway/usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct sha256 hash_of(unsigned n)
{
    return crypt_sha256((struct str){(const char *)&n, sizeof n});
}

static struct principal who(unsigned n)
{
    struct principal p = {.rate_limit = 100};

    p.org_id.bytes[0] = 1;
    p.key_id.bytes[0] = (uint8_t)(n >> 8);
    p.key_id.bytes[1] = (uint8_t)n;
    return p;
}

static bool enter(struct usage *u, unsigned n, unsigned max, int64_t now_us,
                  struct usage_entry **entry)
{
    const struct principal p = who(n);

    return usage_enter(u, hash_of(n), &p, max, now_us, entry);
}

static void so_many_are_under_way_and_no_more(void **state)
{
    struct usage *u = usage_new(64);
    struct usage_entry *one = NULL;
    struct usage_entry *two = NULL;
    struct usage_entry *three = NULL;

    (void)state;
    assert_true(enter(u, 1, 2, 10, &one) && enter(u, 1, 2, 11, &two));
    assert_false(enter(u, 1, 2, 12, &three));
    assert_null(three);
    assert_true(enter(u, 2, 2, 12, &three)); /* Another key. */
    usage_leave(u, one);
    assert_true(enter(u, 1, 2, 13, &one));
    usage_leave(u, one);
    usage_leave(u, two);
    usage_leave(u, three);
    usage_leave(u, NULL);
    usage_free(u);
}

static void a_use_is_taken_once_with_its_last_time(void **state)
{
    struct usage *u = usage_new(64);
    struct usage_entry *e = NULL;
    struct key_use list[8];

    (void)state;
    for (int64_t at = 1; at <= 3; at++) {
        assert_true(enter(u, 7, 9, at, &e));
        usage_leave(u, e);
    }
    assert_int_equal(usage_take(u, list, 8), 1);
    assert_true(list[0].at_us == 3);
    assert_true(id_eq(list[0].key_id, who(7).key_id));
    assert_int_equal(usage_take(u, list, 8), 0);
    usage_give_back(u, list, 1);
    assert_int_equal(usage_take(u, list, 8), 1);
    usage_free(u);
}

static void calls_and_refusals_are_counted_until_they_are_taken(void **state)
{
    struct usage *u = usage_new(64);
    const struct principal p = who(1);
    struct usage_entry *e = NULL;
    struct key_use list[8];

    (void)state;
    for (int64_t at = 1; at <= 3; at++) {
        assert_true(enter(u, 1, 1, at, &e));
        usage_leave(u, e);
    }
    usage_limited(u, hash_of(1), &p, 4);
    assert_int_equal(usage_take(u, list, 8), 1);
    assert_int_equal(list[0].calls, 3);
    assert_int_equal(list[0].limited, 1);
    assert_int_equal(usage_take(u, list, 8), 0);
    usage_limited(u, hash_of(1), &p, 5);
    usage_give_back(u, list, 1); /* They could not be written. */
    assert_int_equal(usage_take(u, list, 8), 1);
    assert_int_equal(list[0].calls, 3);
    assert_int_equal(list[0].limited, 2);
    usage_free(u);
}

static void room_is_bounded_and_the_oldest_is_forgotten(void **state)
{
    struct usage *u = usage_new(16 * 4);
    struct usage_entry *kept = NULL;
    struct usage_entry *e = NULL;
    size_t known = 0;

    (void)state;
    assert_true(enter(u, 0, 1, 1, &kept)); /* Stays under way. */
    for (unsigned n = 1; n <= 1000; n++) {
        assert_true(enter(u, n, 1, 1, &e));
        usage_leave(u, e);
    }
    for (unsigned n = 1; n <= 1000; n++) {
        known += usage_knows(u, hash_of(n)) ? 1 : 0;
    }
    assert_true(known <= 16 * 4 && known >= 16 * 2);
    assert_true(usage_knows(u, hash_of(0)) && usage_knows(u, hash_of(1000)));
    assert_false(usage_knows(u, hash_of(5000)));
    usage_leave(u, kept);
    usage_free(u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_are_under_way_and_no_more),
        cmocka_unit_test(a_use_is_taken_once_with_its_last_time),
        cmocka_unit_test(calls_and_refusals_are_counted_until_they_are_taken),
        cmocka_unit_test(room_is_bounded_and_the_oldest_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A partition is done up to where the caller said, and never further. */
#include "bus/owned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct owned o;

/* The first record of a partition, at the end of its log. */
static void read_at(int64_t offset)
{
    owned_read(owned_find(&o, 0, 3), offset, offset + 1);
}

static int setup(void **state)
{
    (void)state;
    o = (struct owned){0};
    owned_add(&o, 0, 3);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    owned_free(&o);
    return 0;
}

static void nothing_is_dirty_before_something_is_done(void **state)
{
    (void)state;
    assert_false(owned_is_dirty(owned_find(&o, 0, 3)));
    read_at(10);
    assert_false(owned_is_dirty(owned_find(&o, 0, 3)));
    owned_done(&o, 0, 3, 10);
    assert_true(owned_is_dirty(owned_find(&o, 0, 3)));
    assert_int_equal(owned_find(&o, 0, 3)->next, 11);
}

static void done_never_moves_back(void **state)
{
    (void)state;
    read_at(10);
    owned_done(&o, 0, 3, 20);
    owned_done(&o, 0, 3, 15);
    assert_int_equal(owned_find(&o, 0, 3)->next, 21);
}

static void a_place_of_an_earlier_ownership_is_ignored(void **state)
{
    (void)state;
    read_at(10);
    owned_remove(&o, 0, 3);
    owned_done(&o, 0, 3, 10);
    assert_null(owned_find(&o, 0, 3));
    owned_add(&o, 0, 3); /* Again ours; nothing was read of it yet. */
    owned_done(&o, 0, 3, 10);
    assert_false(owned_is_dirty(owned_find(&o, 0, 3)));
}

static void what_was_there_is_inherited_until_nobody_had_taken_it(void **state)
{
    struct owned_part *part = owned_find(&o, 0, 3);

    (void)state;
    owned_read(part, 10, 5000);
    assert_int_equal(part->inherited, 5000);
    owned_taken(&o, 0, 7, false); /* Not ours. */
    for (int i = 1; i < 2 * OWNED_UNTAKEN_MAX; i++) {
        owned_taken(&o, 0, 3, i == OWNED_UNTAKEN_MAX);
    }
    assert_int_equal(part->inherited, 5000);
    owned_taken(&o, 0, 3, false);
    assert_int_equal(part->inherited, 0);
}

static void a_first_record_is_inherited_whatever_the_logs_end(void **state)
{
    (void)state;
    owned_read(owned_find(&o, 0, 3), 10, 0);
    assert_int_equal(owned_find(&o, 0, 3)->inherited, 11);
}

static void grows_past_its_first_room(void **state)
{
    (void)state;
    for (int32_t i = 0; i < 100; i++) {
        owned_add(&o, 1, i);
        owned_add(&o, 1, i);
    }
    assert_int_equal(o.count, 101);
    for (int32_t i = 0; i < 100; i += 2) {
        owned_remove(&o, 1, i);
    }
    assert_int_equal(o.count, 51);
    assert_null(owned_find(&o, 1, 0));
    assert_non_null(owned_find(&o, 1, 99));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_dirty_before_something_is_done),
        TEST(done_never_moves_back),
        TEST(a_place_of_an_earlier_ownership_is_ignored),
        TEST(what_was_there_is_inherited_until_nobody_had_taken_it),
        TEST(a_first_record_is_inherited_whatever_the_logs_end),
        TEST(grows_past_its_first_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

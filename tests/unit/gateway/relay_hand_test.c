/* The short way: which handed rows may be sent as they are. */
#include "gateway/relay_hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define NOW 10000000
#define MS 1000

static struct swept *fresh(void)
{
    static struct swept s;

    memset(&s, 0, sizeof s);
    return &s;
}

static void a_new_row_is_sent(void **state)
{
    (void)state;
    assert_int_equal(swept_judge(fresh(), 7, NOW - 3 * MS, NOW), HAND_SEND);
}

static void a_row_that_a_read_found_is_not_sent_again(void **state)
{
    struct swept *s = fresh();

    (void)state;
    swept_add(s, 7, NOW - 2 * MS);
    assert_int_equal(swept_judge(s, 7, NOW - 3 * MS, NOW), HAND_SENT);
    assert_int_equal(swept_judge(s, 8, NOW - 3 * MS, NOW), HAND_SEND);
    assert_int_equal(swept_judge(s, 7 + 2 * SWEPT_ROWS_MAX, NOW, NOW),
                     HAND_SEND);
}

static void a_late_row_is_left_to_a_read(void **state)
{
    (void)state;
    assert_int_equal(swept_judge(fresh(), 7, NOW - SWEPT_KEEP_US, NOW),
                     HAND_SWEEP);
}

static void a_row_of_before_the_shards_changed_is_left_to_a_read(void **state)
{
    struct swept *s = fresh();

    (void)state;
    s->lost_us = NOW - 2 * MS;
    assert_int_equal(swept_judge(s, 7, NOW - 3 * MS, NOW), HAND_SWEEP);
    assert_int_equal(swept_judge(s, 7, NOW - 1 * MS, NOW), HAND_SEND);
}

static void what_is_old_makes_room(void **state)
{
    struct swept *s = fresh();

    (void)state;
    for (int64_t seq = 1; seq <= 20 * SWEPT_ROWS_MAX; seq++) {
        int64_t now_us = NOW + seq * SWEPT_KEEP_US / SWEPT_ROWS_MAX * 4;

        swept_add(s, seq, now_us);
        assert_int_equal(swept_judge(s, seq, now_us, now_us), HAND_SENT);
        assert_true(s->count <= SWEPT_ROWS_MAX);
    }
    assert_int_equal(s->lost_us, 0);
}

/* More reads than it can remember: then nothing is certain, and nothing is
 * sent twice. */
static void what_it_had_to_forget_is_left_to_a_read(void **state)
{
    struct swept *s = fresh();

    (void)state;
    for (int64_t seq = 1; seq <= 3 * SWEPT_ROWS_MAX; seq++) {
        swept_add(s, seq, NOW);
    }
    for (int64_t seq = 1; seq <= 3 * SWEPT_ROWS_MAX; seq++) {
        assert_int_not_equal(swept_judge(s, seq, NOW - MS, NOW + MS),
                             HAND_SEND);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_row_is_sent),
        cmocka_unit_test(a_row_that_a_read_found_is_not_sent_again),
        cmocka_unit_test(a_late_row_is_left_to_a_read),
        cmocka_unit_test(a_row_of_before_the_shards_changed_is_left_to_a_read),
        cmocka_unit_test(what_is_old_makes_room),
        cmocka_unit_test(what_it_had_to_forget_is_left_to_a_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

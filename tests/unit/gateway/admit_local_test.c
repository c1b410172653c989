/* The window and the memory of one process, with time in our hands. */
#include "gateway/admit_local.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MS US_PER_MS
#define WINDOW (ADMIT_WINDOW_MS * MS)

static struct sha256 key(unsigned n)
{
    struct sha256 hash = {{0}};

    memcpy(hash.bytes + 8, &n, sizeof n); /* all in one stripe */
    return hash;
}

static struct admission ask(struct local *l, unsigned n, unsigned limit,
                            bool counted, int64_t now_us)
{
    const struct principal who = {.rate_limit = limit};
    struct admission a = {0};

    local_admit(l, key(n), &who, counted, now_us, &a);
    return a;
}

static void no_window_holds_more_than_the_limit(void **state)
{
    struct local *l = local_new(64);
    static int64_t times[2000];
    size_t count = 0;

    (void)state;
    for (int64_t now = 0; now < 5 * WINDOW; now += 700 * MS) {
        if (ask(l, 1, 40, true, now).verdict == ADMIT_YES) {
            times[count++] = now;
        }
    }
    assert_true(count > 4 * 40);
    for (size_t i = 40; i < count; i++) {
        assert_true(times[i] - times[i - 40] >= WINDOW);
    }
    local_free(l);
}

static void the_retry_time_is_exact(void **state)
{
    struct local *l = local_new(64);
    struct admission a = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        a = ask(l, 1, 3, true, 1000 * MS + i);
        assert_int_equal(a.verdict, ADMIT_YES);
        assert_int_equal(a.remaining, 2 - i);
    }
    a = ask(l, 1, 3, true, 11000 * MS);
    assert_int_equal(a.verdict, ADMIT_LIMITED);
    assert_int_equal(a.retry_ms, 50000);
    assert_int_equal(a.reset_ms, 50001); /* the last one left 2 us later */
    assert_int_equal(ask(l, 1, 3, true, 1000 * MS + WINDOW - 1).verdict,
                     ADMIT_LIMITED);
    assert_int_equal(ask(l, 1, 3, true, 1000 * MS + WINDOW).verdict, ADMIT_YES);
    assert_int_equal(ask(l, 1, 3, true, 1000 * MS + WINDOW).verdict,
                     ADMIT_LIMITED);
    local_free(l);
}

static void looking_uses_up_nothing(void **state)
{
    struct local *l = local_new(64);

    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ask(l, 1, 5, false, i).remaining, 5);
    }
    assert_int_equal(ask(l, 1, 5, true, 10).remaining, 4);
    local_free(l);
}

static void a_lowered_limit_waits_for_enough_to_leave(void **state)
{
    struct local *l = local_new(64);

    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ask(l, 1, 10, true, i * 1000 * MS).verdict, ADMIT_YES);
    }
    /* With a limit of 4, the first seven have to leave. */
    assert_int_equal(ask(l, 1, 4, true, 10000 * MS).retry_ms, 56000);
    local_free(l);
}

static void the_key_used_longest_ago_is_forgotten(void **state)
{
    struct local *l = local_new(16 * 4); /* four to a stripe */

    (void)state;
    for (unsigned n = 1; n <= 4; n++) {
        (void)ask(l, n, 10, true, 0);
    }
    (void)ask(l, 1, 10, true, 1); /* now 2 is the oldest */
    (void)ask(l, 5, 10, true, 2);
    assert_int_equal(ask(l, 1, 10, false, 3).remaining, 8);
    assert_int_equal(ask(l, 2, 10, false, 3).remaining, 10);
    local_free(l);
}

static void a_denial_is_silent_until_redis_must_decide(void **state)
{
    const struct admission denied = {.verdict = ADMIT_LIMITED,
                                     .principal = {.rate_limit = 7},
                                     .retry_ms = 500,
                                     .reset_ms = 900};
    struct local *l = local_new(64);
    struct admission a = {0};

    (void)state;
    assert_false(local_recall(l, key(1), true, 0, &a));
    local_deny(l, key(1), &denied, 1000 * MS, 1020 * MS);
    assert_true(local_recall(l, key(1), true, 1100 * MS, &a));
    assert_int_equal(a.verdict, ADMIT_LIMITED);
    assert_int_equal(a.limit, 7);
    assert_int_equal(a.retry_ms, 420); /* never earlier than was told */
    assert_int_equal(a.reset_ms, 820);
    assert_false(local_recall(l, key(1), true, 1499 * MS, &a));
    local_free(l);
}

/* Only Redis knows of a revoke since. */
static void a_denial_is_believed_for_a_second_and_by_counted_calls(void **state)
{
    const struct admission denied = {
        .verdict = ADMIT_LIMITED, .retry_ms = 60000, .reset_ms = 60000};
    struct local *l = local_new(64);
    struct admission a = {0};

    (void)state;
    local_deny(l, key(1), &denied, 0, 0);
    assert_true(local_recall(l, key(1), true, 999 * MS, &a));
    assert_int_equal(a.retry_ms, 59001);
    assert_false(local_recall(l, key(1), false, 1, &a));
    assert_false(local_recall(l, key(1), true, DENIAL_MEMORY_MS * MS, &a));
    local_free(l);
}

static void an_unknown_key_is_remembered_for_a_second(void **state)
{
    struct local *l = local_new(64);
    struct admission a = {0};

    (void)state;
    local_unknown(l, key(1), 0);
    assert_true(local_recall(l, key(1), true, 999 * MS, &a));
    assert_int_equal(a.verdict, ADMIT_UNKNOWN);
    assert_true(local_recall(l, key(1), false, 999 * MS, &a));
    assert_false(local_recall(l, key(1), true, UNKNOWN_MEMORY_MS * MS, &a));
    local_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_holds_more_than_the_limit),
        cmocka_unit_test(the_retry_time_is_exact),
        cmocka_unit_test(looking_uses_up_nothing),
        cmocka_unit_test(a_lowered_limit_waits_for_enough_to_leave),
        cmocka_unit_test(the_key_used_longest_ago_is_forgotten),
        cmocka_unit_test(a_denial_is_silent_until_redis_must_decide),
        cmocka_unit_test(
            a_denial_is_believed_for_a_second_and_by_counted_calls),
        cmocka_unit_test(an_unknown_key_is_remembered_for_a_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What one answer from an endpoint means for the delivery. */
#include "dispatcher/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NO_WAIT -1

static void follows_the_answer(void **state)
{
    static const struct {
        enum fetch_failure failure;
        unsigned status;
        int64_t retry_after_s;
        enum verdict want;
        int64_t wait_s;
    } cases[] = {
        {FETCH_OK, 200, NO_WAIT, VERDICT_DELIVERED, 0},
        {FETCH_OK, 204, 60, VERDICT_DELIVERED, 0},
        {FETCH_OK, 299, NO_WAIT, VERDICT_DELIVERED, 0},
        {FETCH_OK, 300, NO_WAIT, VERDICT_RETRY, 0},
        {FETCH_OK, 302, 60, VERDICT_RETRY, 0}, /* Never followed. */
        {FETCH_OK, 400, NO_WAIT, VERDICT_RETRY, 0},
        {FETCH_OK, 404, NO_WAIT, VERDICT_RETRY, 0},
        {FETCH_OK, 410, 60, VERDICT_DISABLE, 0},
        {FETCH_OK, 429, NO_WAIT, VERDICT_RETRY, 0},
        {FETCH_OK, 429, 60, VERDICT_RETRY, 60},
        {FETCH_OK, 503, 0, VERDICT_RETRY, 0},
        {FETCH_OK, 503, 86400, VERDICT_RETRY, 86400},
        {FETCH_OK, 503, 86401, VERDICT_RETRY, 86400}, /* A day at most. */
        {FETCH_OK, 500, 60, VERDICT_RETRY, 0}, /* Only 429 and 503 may ask. */
        {FETCH_TOO_LARGE, 200, NO_WAIT, VERDICT_DELIVERED, 0},
        {FETCH_TOO_LARGE, 410, NO_WAIT, VERDICT_RETRY, 0},
        {FETCH_ENCODED, 204, NO_WAIT, VERDICT_DELIVERED, 0},
        {FETCH_ENCODED, 500, NO_WAIT, VERDICT_RETRY, 0},
        {FETCH_TIMEOUT_ANSWER, 200, NO_WAIT, VERDICT_RETRY, 0}, /* Not whole. */
        {FETCH_ENDED_SHORT, 410, NO_WAIT, VERDICT_RETRY, 0},
        {FETCH_ENDED_SHORT, 503, 60, VERDICT_RETRY, 60},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fetch_answer a = {.failure = cases[i].failure,
                                 .status = cases[i].status,
                                 .retry_after_s = cases[i].retry_after_s};
        struct ruling r = verdict_of(&a, false);
        assert_int_equal(r.verdict, cases[i].want);
        assert_int_equal(r.wait_s, cases[i].wait_s);
    }
}

static void the_last_failure_gives_up(void **state)
{
    struct fetch_answer busy = {.status = 503, .retry_after_s = 5};
    struct fetch_answer good = {.status = 200, .retry_after_s = -1};
    struct fetch_answer gone = {.status = 410, .retry_after_s = -1};

    (void)state;
    assert_int_equal(verdict_of(&busy, true).verdict, VERDICT_GIVE_UP);
    assert_int_equal(verdict_of(&good, true).verdict, VERDICT_DELIVERED);
    assert_int_equal(verdict_of(&gone, true).verdict, VERDICT_DISABLE);
}

static void without_a_whole_answer_it_is_tried_again(void **state)
{
    (void)state;
    for (int f = FETCH_REFUSED_ADDRESS; f < FETCH_FAILURES; f++) {
        struct fetch_answer a = {.failure = (enum fetch_failure)f,
                                 .retry_after_s = NO_WAIT};
        assert_int_equal(verdict_of(&a, false).verdict, VERDICT_RETRY);
        assert_int_equal(verdict_of(&a, true).verdict, VERDICT_GIVE_UP);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_answer),
        cmocka_unit_test(the_last_failure_gives_up),
        cmocka_unit_test(without_a_whole_answer_it_is_tried_again),
    };

    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}

/* Lanes: bounded, windowed, taking turns. */
#include "dispatcher/lane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct load load;

static struct job *job_to(uint8_t webhook)
{
    struct job *j = job_new(&load, false, NULL, NULL, NULL);

    j->webhook_id = (struct id){{webhook}};
    return j;
}

static struct lanes *lanes_of(size_t window, size_t queue)
{
    const struct lanes_options o = {
        .window = window, .queue_max = queue, .quick_max = 100};

    return lanes_new(&o);
}

static void offer(struct lanes *l, uint8_t webhook)
{
    assert_true(lanes_offer(l, job_to(webhook)));
}

/* The webhook of the next job, 0: none may start. */
static uint8_t next(struct lanes *l)
{
    struct job *j = lanes_next(l);
    if (j == NULL) {
        return 0;
    }
    uint8_t webhook = j->webhook_id.bytes[0];
    job_free(j);
    return webhook;
}

static void done(struct lanes *l, uint8_t webhook, int64_t took_us, bool ok)
{
    lanes_done(l, (struct id){{webhook}}, took_us, ok);
}

static void lanes_take_turns(void **state)
{
    struct lanes *l = lanes_of(10, 10);

    (void)state;
    offer(l, 1);
    offer(l, 1);
    offer(l, 1);
    offer(l, 2);
    assert_int_equal(next(l), 1);
    assert_int_equal(next(l), 2);
    assert_int_equal(next(l), 1);
    assert_int_equal(next(l), 1);
    assert_int_equal(next(l), 0);
    assert_int_equal(lanes_queued(l), 0);
    lanes_free(l);
}

static void a_window_bounds_what_is_under_way(void **state)
{
    struct lanes *l = lanes_of(2, 10);

    (void)state;
    for (int i = 0; i < 4; i++) {
        offer(l, 1);
    }
    offer(l, 2);
    assert_int_equal(next(l), 1);
    assert_int_equal(next(l), 2);
    assert_int_equal(next(l), 1);
    assert_int_equal(next(l), 0);
    done(l, 1, 5, true);
    assert_int_equal(next(l), 1);
    assert_int_equal(next(l), 0);
    done(l, 1, 5, false);
    assert_int_equal(next(l), 1);
    lanes_free(l);
}

static void a_full_lane_refuses_until_half_is_gone(void **state)
{
    struct lanes *l = lanes_of(10, 4);
    struct id full[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        offer(l, 1);
    }
    assert_int_equal(lanes_full(l, full, 4), 0);
    struct job *extra = job_to(1);
    assert_false(lanes_offer(l, extra));
    job_free(extra);
    offer(l, 2); /* Another lane is not touched. */
    assert_int_equal(lanes_full(l, full, 4), 1);
    assert_int_equal(full[0].bytes[0], 1);
    uint64_t changes = lanes_full_changes(l);
    assert_int_equal(next(l), 1);
    assert_int_equal(lanes_full(l, full, 4), 1);
    assert_int_equal(next(l), 2);
    assert_int_equal(next(l), 1);
    assert_int_equal(lanes_full(l, full, 4), 0);
    assert_true(lanes_full_changes(l) > changes);
    while (next(l) != 0) {
        continue;
    }
    lanes_free(l);
}

static void a_quick_lane_may_hold_more(void **state)
{
    struct lanes *l = lanes_of(1, 2);
    struct job_list rest = {0};

    (void)state;
    offer(l, 1);
    assert_int_equal(next(l), 1);
    done(l, 1, LANE_PATIENCE_US / 5, true); /* Five in the time we have. */
    for (int i = 0; i < 5; i++) {
        offer(l, 1);
    }
    struct job *extra = job_to(1);
    assert_false(lanes_offer(l, extra));
    job_free(extra);
    lanes_empty(l, &rest);
    assert_int_equal(rest.count, 5);
    assert_int_equal(next(l), 0);
    for (struct job *j = NULL; (j = job_list_take(&rest)) != NULL;) {
        job_free(j);
    }
    lanes_free(l);
    assert_int_equal(load.jobs, 0);
}

static void only_a_swift_lane_is_busy(void **state)
{
    struct lanes *l = lanes_of(1, 10);
    struct job_list rest = {0};

    (void)state;
    for (uint8_t webhook = 1; webhook <= 3; webhook++) {
        offer(l, webhook);
        assert_int_equal(next(l), webhook);
    }
    done(l, 1, LANE_SWIFT_US, true);
    done(l, 2, LANE_SWIFT_US + 1000, true); /* Too slow to wait for. */
    done(l, 3, 1, false);                   /* Not well. */
    for (int i = 0; i < LANE_BUSY_TURNS; i++) {
        offer(l, 1);
        offer(l, 2);
        offer(l, 3);
    }
    assert_int_equal(lanes_busy(l), 0);
    offer(l, 1);
    offer(l, 2);
    offer(l, 3);
    assert_int_equal(lanes_busy(l), 1);
    lanes_empty(l, &rest);
    assert_int_equal(lanes_busy(l), 0);
    for (struct job *j = NULL; (j = job_list_take(&rest)) != NULL;) {
        job_free(j);
    }
    lanes_free(l);
}

static void an_endpoint_yet_to_answer_is_waited_for(void **state)
{
    struct lanes *l = lanes_of(1, 10);
    struct job_list rest = {0};

    (void)state;
    offer(l, 1);
    assert_int_equal(next(l), 1);
    for (int i = 0; i <= LANE_BUSY_TURNS; i++) {
        offer(l, 1);
    }
    assert_int_equal(lanes_busy(l), 1);
    done(l, 1, LANE_SWIFT_US + 1, true);
    assert_int_equal(lanes_busy(l), 0);
    lanes_empty(l, &rest);
    for (struct job *j = NULL; (j = job_list_take(&rest)) != NULL;) {
        job_free(j);
    }
    lanes_free(l);
}

static void a_busy_lane_is_at_ease_when_half_is_gone(void **state)
{
    struct lanes *l = lanes_of(1, 10);

    (void)state;
    offer(l, 1);
    assert_int_equal(next(l), 1);
    done(l, 1, 1, true);
    for (int i = 0; i <= LANE_BUSY_TURNS; i++) {
        offer(l, 1);
    }
    for (int left = LANE_BUSY_TURNS; left >= 0; left--) {
        assert_int_equal(lanes_busy(l), left >= LANE_BUSY_TURNS / 2 ? 1 : 0);
        assert_int_equal(next(l), 1);
        done(l, 1, 1, true);
    }
    lanes_free(l);
}

static void what_was_not_sent_tells_nothing_about_the_endpoint(void **state)
{
    struct lanes *l = lanes_of(1, 2);

    (void)state;
    offer(l, 1);
    assert_int_equal(next(l), 1);
    done(l, 1, LANE_PATIENCE_US / 5, true); /* Quick: holds five. */
    offer(l, 1);
    assert_int_equal(next(l), 1);
    assert_int_equal(next(l), 0);
    lanes_cancel(l, (struct id){{1}});
    for (int i = 0; i < 5; i++) {
        offer(l, 1);
    }
    assert_int_equal(next(l), 1); /* Its place in the window is free. */
    while (next(l) != 0 || lanes_queued(l) > 0) {
        lanes_cancel(l, (struct id){{1}});
    }
    lanes_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_take_turns),
        cmocka_unit_test(a_window_bounds_what_is_under_way),
        cmocka_unit_test(a_full_lane_refuses_until_half_is_gone),
        cmocka_unit_test(a_quick_lane_may_hold_more),
        cmocka_unit_test(only_a_swift_lane_is_busy),
        cmocka_unit_test(an_endpoint_yet_to_answer_is_waited_for),
        cmocka_unit_test(a_busy_lane_is_at_ease_when_half_is_gone),
        cmocka_unit_test(what_was_not_sent_tells_nothing_about_the_endpoint),
    };

    return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}

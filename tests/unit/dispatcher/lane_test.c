/* Lanes: bounded, windowed, taking turns. */
#include "dispatcher/breaker.h"
#include "dispatcher/lane.h"
#include "dispatcher/turns.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define ROOM 200

static struct load load;
static int64_t now_us = 1;

static struct id webhook_of(uint8_t number)
{
    return (struct id){{number}};
}

static struct job *job_to(uint8_t webhook)
{
    const struct body body = {.is_test = false};
    struct job *j = job_new(&load, false, body_new(&body), NULL, NULL);

    j->webhook_id = webhook_of(webhook);
    return j;
}

static struct lanes *lanes_of(size_t window, size_t queue)
{
    const struct lanes_options o = {.slots = 100,
                                    .window = window,
                                    .queue_max = queue,
                                    .quick_max = 100,
                                    .room = ROOM};

    return lanes_new(&o);
}

static void offer(struct lanes *l, uint8_t webhook)
{
    assert_int_equal(lanes_offer(l, job_to(webhook), now_us), LANE_TAKEN);
}

/* The webhook of the next job, 0: none may start. */
static uint8_t next(struct lanes *l)
{
    struct job *j = lanes_next(l, now_us);
    if (j == NULL) {
        return 0;
    }
    uint8_t webhook = j->webhook_id.bytes[0];
    job_free(j);
    return webhook;
}

static unsigned ended(struct lanes *l, uint8_t webhook, int64_t took_us,
                      bool ok, bool is_known)
{
    const struct lane_end end = {
        .webhook_id = {{webhook}},
        .took_us = took_us,
        .now_us = now_us,
        .is_success = ok,
        .is_known = is_known,
    };

    return lanes_done(l, &end);
}

static void done(struct lanes *l, uint8_t webhook, int64_t took_us, bool ok)
{
    assert_int_equal(ended(l, webhook, took_us, ok, false), 0);
}

/* It has answered well before, so often that it bears `window` at once; what a
 * breaker remembers of it is forgotten. */
static void grow(struct lanes *l, uint8_t webhook, size_t window)
{
    for (size_t i = 1; i < window; i++) {
        offer(l, webhook);
        assert_int_equal(next(l), webhook);
        done(l, webhook, 1, true);
    }
    now_us += US_PER_S * 60 * (BREAKER_MINUTES + 1);
}

static void lanes_take_turns(void **state)
{
    struct lanes *l = lanes_of(10, 10);

    (void)state;
    grow(l, 1, 3);
    grow(l, 2, 3);
    offer(l, 1);
    offer(l, 1);
    offer(l, 1);
    offer(l, 2);
    assert_int_equal(next(l), 1);
    assert_int_equal(next(l), 2);
    assert_int_equal(next(l), 1);
    assert_int_equal(next(l), 1);
    assert_int_equal(next(l), 0);
    assert_int_equal(lanes_counts(l).queued, 0);
    lanes_free(l);
}

static void a_window_bounds_what_is_under_way(void **state)
{
    struct lanes *l = lanes_of(2, 10);

    (void)state;
    grow(l, 1, 2);
    grow(l, 2, 2);
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

static struct job *asked_of(uint8_t webhook)
{
    struct job *j = job_to(webhook);

    j->is_asked = true;
    return j;
}

static void what_is_asked_for_is_next_and_needs_no_room(void **state)
{
    struct lanes *l = lanes_of(1, 2);
    struct job *asked[LANE_ASKED_MAX];

    (void)state;
    offer(l, 1);
    offer(l, 1);
    struct job *one_more = job_to(1);
    assert_int_equal(lanes_offer(l, one_more, now_us), LANE_FULL);
    job_free(one_more);
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        asked[i] = asked_of(1);
        assert_int_equal(lanes_offer(l, asked[i], now_us), LANE_TAKEN);
    }
    one_more = asked_of(1);
    assert_int_equal(lanes_offer(l, one_more, now_us), LANE_FULL);
    job_free(one_more);
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        struct job *j = lanes_next(l, now_us);
        assert_ptr_equal(j, asked[i]);
        job_free(j);
        assert_int_equal(next(l), 0);
        done(l, 1, 1, true);
    }
    assert_int_equal(next(l), 1);
    done(l, 1, 1, true);
    assert_int_equal(next(l), 1);
    done(l, 1, 1, true);
    assert_int_equal(lanes_counts(l).queued, 0);
    lanes_free(l);
}

static void one_that_is_gone_takes_nothing_more(void **state)
{
    struct lanes *l = lanes_of(10, 10);
    struct job *j = job_to(1);
    const struct lane_end end = {
        .webhook_id = webhook_of(1), .now_us = now_us, .is_gone = true};

    (void)state;
    offer(l, 1);
    assert_int_equal(next(l), 1);
    assert_int_equal(lanes_done(l, &end), 0);
    assert_int_equal(lanes_offer(l, j, now_us), LANE_OPEN);
    assert_int_equal(lanes_offer(l, j, now_us + LANE_OPEN_US), LANE_TAKEN);
    assert_int_equal(next(l), 1);
    done(l, 1, 1, true);
    lanes_free(l);
}

static void a_full_lane_refuses_until_half_is_gone(void **state)
{
    struct lanes *l = lanes_of(10, 4);
    struct webhook_key full[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(lanes_full(l, full, 4), 0);
        offer(l, 1);
    }
    /* Before anybody is refused. */
    assert_int_equal(lanes_full(l, full, 4), 1);
    struct job *extra = job_to(1);
    assert_int_equal(lanes_offer(l, extra, now_us), LANE_FULL);
    job_free(extra);
    offer(l, 2); /* Another lane is not touched. */
    assert_int_equal(lanes_full(l, full, 4), 1);
    assert_int_equal(full[0].webhook_id.bytes[0], 1);
    uint64_t changes = lanes_full_changes(l);
    assert_int_equal(next(l), 1);
    assert_int_equal(lanes_full(l, full, 4), 1);
    assert_int_equal(next(l), 2);
    done(l, 1, 5, false);
    assert_int_equal(next(l), 1);
    assert_int_equal(lanes_full(l, full, 4), 0);
    assert_true(lanes_full_changes(l) > changes);
    for (int left = 2; left > 0; left--) {
        done(l, 1, 5, false);
        assert_int_equal(next(l), 1);
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
    assert_int_equal(lanes_offer(l, extra, now_us), LANE_FULL);
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

static enum lane_answer tried(struct lanes *l, uint8_t webhook)
{
    struct job *j = job_to(webhook);
    enum lane_answer answer = lanes_offer(l, j, now_us);

    if (answer != LANE_TAKEN) {
        job_free(j);
    }
    return answer;
}

/* How many a look gives back; they are freed. */
static size_t shed(struct lanes *l)
{
    struct job_list out = {0};
    size_t queued = lanes_counts(l).queued;

    lanes_sweep(l, now_us, -1, &out);
    size_t count = out.count;
    assert_int_equal(lanes_counts(l).queued, queued - count);
    for (struct job *j = NULL; (j = job_list_take(&out)) != NULL;) {
        job_free(j);
    }
    return count;
}

static void drop_all(struct lanes *l)
{
    struct job_list rest = {0};

    lanes_empty(l, &rest);
    for (struct job *j = NULL; (j = job_list_take(&rest)) != NULL;) {
        job_free(j);
    }
    lanes_free(l);
    assert_int_equal(load.jobs, 0);
}

static void an_endpoint_that_says_nothing_may_hold_little(void **state)
{
    struct lanes *l = lanes_of(2, (size_t)2 * LANE_SLOW_MAX);
    struct webhook_key full[4];

    (void)state;
    for (int i = 0; i < 2 * LANE_SLOW_MAX; i++) {
        offer(l, 1);
    }
    assert_int_equal(next(l), 1);
    assert_int_equal(shed(l), 0); /* It may still answer. */
    now_us += LANE_STILL_US + 1;
    assert_int_equal(tried(l, 1), LANE_FULL);
    assert_int_equal(shed(l), LANE_SLOW_MAX - 1);
    assert_int_equal(shed(l), 0);
    assert_int_equal(lanes_full(l, full, 4), 1);
    offer(l, 2);                         /* Another lane is not touched. */
    done(l, 1, LANE_STILL_US + 1, true); /* An answer, but a slow one. */
    assert_int_equal(tried(l, 1), LANE_FULL);
    for (int left = LANE_SLOW_MAX; left > LANE_SLOW_MAX / 2; left--) {
        assert_int_equal(lanes_full(l, full, 4), 1);
        assert_int_equal(next(l) + next(l), left == LANE_SLOW_MAX ? 3 : 1);
        done(l, 1, LANE_STILL_US + 1, true);
    }
    assert_int_equal(lanes_full(l, full, 4), 0);
    offer(l, 1);
    drop_all(l);
}

static void what_is_given_back_is_the_newest(void **state)
{
    struct lanes *l = lanes_of(1, (size_t)2 * LANE_SLOW_MAX);
    struct job *first = job_to(1);

    (void)state;
    offer(l, 1);
    assert_int_equal(next(l), 1);
    assert_int_equal(lanes_offer(l, first, now_us), LANE_TAKEN);
    for (int i = 0; i < LANE_SLOW_MAX; i++) {
        offer(l, 1);
    }
    now_us += LANE_STILL_US + 1;
    assert_int_equal(shed(l), 1);
    done(l, 1, LANE_STILL_US + 1, true);
    struct job *j = lanes_next(l, now_us);
    assert_ptr_equal(j, first);
    job_free(j);
    drop_all(l);
}

static void when_half_of_the_room_is_taken_nobody_holds_much(void **state)
{
    struct lanes *l = lanes_of(1, ROOM);

    (void)state;
    for (uint8_t webhook = 1; webhook <= 3; webhook++) {
        offer(l, webhook);
        assert_int_equal(next(l), webhook);
    }
    done(l, 2, LANE_PATIENCE_US / 5, true); /* Five in the time we have. */
    done(l, 3, 1, true);                    /* Very quick. */
    now_us += LANE_STILL_US + 1;
    for (int i = 0; i < LANE_SLOW_MAX; i++) {
        offer(l, 1);
    }
    while (lanes_counts(l).queued < ROOM / 2) {
        offer(l, 2);
    }
    assert_int_equal(tried(l, 1), LANE_FULL);
    assert_int_equal(tried(l, 2), LANE_FULL);
    assert_int_equal(tried(l, 3), LANE_TAKEN);
    assert_int_equal(shed(l), 0); /* What it had may stay. */
    while (lanes_counts(l).queued + 1 < ROOM - ROOM / 4) {
        offer(l, 3);
    }
    assert_int_equal(shed(l), LANE_SLOW_MAX - 1);
    drop_all(l);
}

static void what_would_outlast_its_lease_is_swept_out(void **state)
{
    struct lanes *l = lanes_of(1, 4);
    struct job_list late = {0};
    struct webhook_key full[1];

    (void)state;
    for (int64_t lease_us = 1; lease_us <= 4; lease_us++) {
        struct job *j = job_to(1);
        j->lease_until_us = 5 - lease_us;
        assert_int_equal(lanes_offer(l, j, now_us), LANE_TAKEN);
    }
    struct job *extra = job_to(1);
    assert_int_equal(lanes_offer(l, extra, now_us), LANE_FULL);
    job_free(extra);
    lanes_sweep(l, now_us, 3, &late);
    assert_int_equal(late.count, 3);
    assert_int_equal(lanes_counts(l).queued, 1);
    assert_int_equal(lanes_full(l, full, 1), 0);
    for (struct job *j = NULL; (j = job_list_take(&late)) != NULL;) {
        assert_true(j->lease_until_us <= 3);
        job_free(j);
    }
    assert_int_equal(next(l), 1);
    assert_int_equal(lanes_counts(l).queued, 0);
    lanes_free(l);
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
    assert_int_equal(lanes_counts(l).busy, 0);
    offer(l, 1);
    offer(l, 2);
    offer(l, 3);
    assert_int_equal(lanes_counts(l).busy, 1);
    lanes_empty(l, &rest);
    assert_int_equal(lanes_counts(l).busy, 0);
    for (struct job *j = NULL; (j = job_list_take(&rest)) != NULL;) {
        job_free(j);
    }
    lanes_free(l);
}

static void an_endpoint_yet_to_answer_is_waited_for(void **state)
{
    struct lanes *l = lanes_of(1, 10);

    (void)state;
    offer(l, 1);
    assert_int_equal(next(l), 1);
    for (int i = 0; i <= LANE_BUSY_TURNS; i++) {
        offer(l, 1);
    }
    assert_int_equal(lanes_counts(l).busy, 1);
    done(l, 1, LANE_SWIFT_US + 1, true);
    assert_int_equal(lanes_counts(l).busy, 0);
    drop_all(l);
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
        assert_int_equal(lanes_counts(l).busy,
                         left >= LANE_BUSY_TURNS / 2 ? 1 : 0);
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
    while (next(l) != 0 || lanes_counts(l).queued > 0) {
        lanes_cancel(l, (struct id){{1}});
    }
    lanes_free(l);
}

/* An attempt that fails; what lanes_done says of it. */
static unsigned fails(struct lanes *l, uint8_t webhook)
{
    offer(l, webhook);
    assert_int_equal(next(l), webhook);
    return ended(l, webhook, 5, false, false);
}

/* Offered while the lane is open: is it taken (and then taken out again)? */
static bool passes(struct lanes *l, struct job *j)
{
    if (lanes_offer(l, j, now_us) == LANE_OPEN) {
        job_free(j);
        return false;
    }
    assert_int_equal(next(l), 1);
    lanes_cancel(l, (struct id){{1}});
    return true;
}

static void a_lane_that_only_fails_opens_and_gives_up_what_waits(void **state)
{
    struct lanes *l = lanes_of(2, 20);
    struct job_list waiting = {0};

    (void)state;
    grow(l, 1, 2);
    for (int i = 1; i < BREAKER_IN_A_ROW; i++) {
        assert_int_equal(fails(l, 1), 0);
    }
    offer(l, 1);
    offer(l, 1);
    offer(l, 1);
    offer(l, 1);
    offer(l, 2);
    assert_int_equal(next(l) + next(l) + next(l), 1 + 1 + 2);
    assert_int_equal(ended(l, 1, 5, false, false), BREAKER_IN_A_ROW);
    lanes_clear(l, (struct id){{1}}, &waiting);
    assert_int_equal(waiting.count, 2);
    assert_int_equal(lanes_counts(l).queued, 0);
    assert_int_equal(next(l), 0); /* Though the lane had its turn. */
    assert_int_equal(ended(l, 1, 5, false, false), 0); /* Nothing new. */
    for (struct job *j = NULL; (j = job_list_take(&waiting)) != NULL;) {
        job_free(j);
    }
    offer(l, 3); /* Another lane is not touched. */
    assert_int_equal(next(l), 3);
    lanes_free(l);
}

static void an_open_lane_takes_questions_only(void **state)
{
    const struct body sample = {.is_test = true};
    struct lanes *l = lanes_of(2, 20);

    (void)state;
    for (int i = 1; i < BREAKER_IN_A_ROW; i++) {
        assert_int_equal(fails(l, 1), 0);
    }
    assert_int_equal(fails(l, 1), BREAKER_IN_A_ROW);
    assert_false(passes(l, job_to(1)));
    struct job *probe = job_to(1);
    probe->is_probe = true;
    assert_true(passes(l, probe));
    struct job *test = job_new(&load, false, body_new(&sample), NULL, NULL);
    test->webhook_id = (struct id){{1}};
    assert_true(passes(l, test));
    now_us += LANE_OPEN_US; /* From now on targets tell. */
    assert_true(passes(l, job_to(1)));
    lanes_free(l);
}

static void a_success_closes_a_lane(void **state)
{
    struct lanes *l = lanes_of(2, 20);

    (void)state;
    grow(l, 1, 2);
    offer(l, 1);
    assert_int_equal(next(l), 1); /* Ends last. */
    for (int i = 1; i < BREAKER_IN_A_ROW; i++) {
        assert_int_equal(fails(l, 1), 0);
    }
    assert_int_equal(fails(l, 1), BREAKER_IN_A_ROW);
    assert_false(passes(l, job_to(1)));
    done(l, 1, 5, true);
    assert_true(passes(l, job_to(1)));
    lanes_free(l);
}

static void failures_of_an_open_circuit_are_not_counted(void **state)
{
    struct lanes *l = lanes_of(1, 20);

    (void)state;
    for (int i = 0; i < 2 * BREAKER_IN_A_ROW; i++) {
        offer(l, 1);
        assert_int_equal(next(l), 1);
        assert_int_equal(ended(l, 1, 5, false, true), 0);
    }
    lanes_free(l);
}

/* How many may be under way to a webhook at once. */
static size_t window_of(struct lanes *l, uint8_t webhook)
{
    struct job_list rest = {0};
    size_t count = 0;

    for (int i = 0; i < 20; i++) {
        offer(l, webhook);
    }
    while (next(l) == webhook) {
        count++;
    }
    lanes_clear(l, (struct id){{webhook}}, &rest);
    for (struct job *j = NULL; (j = job_list_take(&rest)) != NULL;) {
        job_free(j);
    }
    for (size_t i = 0; i < count; i++) {
        lanes_cancel(l, (struct id){{webhook}});
    }
    return count;
}

static void
a_window_grows_with_answers_and_halves_when_it_is_too_much(void **state)
{
    struct lanes *l = lanes_of(16, 400);
    struct lane_end end = {
        .webhook_id = {{1}}, .took_us = 5, .is_too_much = true};

    (void)state;
    assert_int_equal(window_of(l, 1), 1);
    grow(l, 1, 8);
    assert_int_equal(window_of(l, 1), 8);
    grow(l, 1, 20);
    assert_int_equal(window_of(l, 1), 16); /* No more than it may. */
    for (size_t left = 8; left > 0; left /= 2) {
        offer(l, 1);
        assert_int_equal(next(l), 1);
        end.now_us = now_us;
        assert_int_equal(lanes_done(l, &end), 0);
        assert_int_equal(window_of(l, 1), left);
    }
    offer(l, 1);
    assert_int_equal(next(l), 1);
    done(l, 1, LANE_STILL_US + 1, true); /* Well, but slow: stays. */
    assert_int_equal(window_of(l, 1), 1);
    lanes_free(l);
}

/* One more job each of webhooks `first` to `last` is offered; how many of them
 * may start. */
static int started(struct lanes *l, uint8_t first, uint8_t last)
{
    int count = 0;

    for (int webhook = first; webhook <= last; webhook++) {
        struct job *j = job_to((uint8_t)webhook);
        j->body->org_id = (struct id){{(uint8_t)webhook}};
        assert_int_equal(lanes_offer(l, j, now_us), LANE_TAKEN);
    }
    while (next(l) != 0) {
        count++;
    }
    return count;
}

static void newcomers_and_the_ill_leave_slots_to_others(void **state)
{
    struct lanes *l = lanes_of(16, 100);

    (void)state;
    for (uint8_t webhook = 201; webhook <= 240; webhook++) {
        assert_int_equal(started(l, webhook, webhook), 1);
        done(l, webhook, 5, webhook <= 220); /* 20 well, 20 ill. */
    }
    assert_int_equal(started(l, 1, 60), 50); /* New: a half of 100. */
    assert_int_equal(started(l, 221, 240), 20);
    assert_int_equal(started(l, 221, 240), 0);  /* Their windows are one. */
    assert_int_equal(started(l, 201, 220), 20); /* The well go on. */
    now_us += LANE_STILL_US + 1; /* Nobody has said anything for a while. */
    /* They are ill with what they have under way, and fill the quarter. */
    assert_int_equal(started(l, 201, 220), 2);
    drop_all(l);
}

static void a_few_failures_in_a_row_give_reason_to_ask_others(void **state)
{
    struct lanes *l = lanes_of(1, 10);

    (void)state;
    for (unsigned i = 1; i < 2 * LANE_DOUBT; i++) {
        offer(l, 1);
        assert_int_equal(next(l), 1);
        done(l, 1, 5, false);
        assert_int_equal(lanes_in_doubt(l, webhook_of(1)), i == LANE_DOUBT);
    }
    offer(l, 1);
    assert_int_equal(next(l), 1);
    done(l, 1, 5, true);
    assert_false(lanes_in_doubt(l, webhook_of(1)));
    drop_all(l);
}

/* One attempt to a webhook of which there may be very many. */
static unsigned attempt(struct lanes *l, size_t number, bool ok)
{
    const struct id id = {{(uint8_t)number, (uint8_t)(number >> 8), 1}};
    const struct lane_end end = {
        .webhook_id = id, .took_us = 5, .now_us = now_us, .is_success = ok};
    struct job *j = job_to(0);

    j->webhook_id = id;
    assert_int_equal(lanes_offer(l, j, now_us), LANE_TAKEN);
    assert_ptr_equal(lanes_next(l, now_us), j);
    job_free(j);
    return lanes_done(l, &end);
}

static void one_that_fails_is_not_forgotten_among_many(void **state)
{
    struct lanes *l = lanes_of(1, 10);

    (void)state;
    for (size_t i = 1; i <= LANES_IDLE_MAX; i++) {
        assert_int_equal(attempt(l, i, true), 0);
    }
    assert_int_equal(lanes_counts(l).lanes, LANES_IDLE_MAX);
    for (int i = 1; i < BREAKER_IN_A_ROW; i++) {
        assert_int_equal(attempt(l, 0, false), 0);
    }
    assert_int_equal(attempt(l, 0, false), BREAKER_IN_A_ROW);
    assert_int_equal(lanes_counts(l).lanes, LANES_IDLE_MAX + 1);
    for (size_t i = 2UL * LANES_IDLE_MAX; i < 3UL * LANES_IDLE_MAX + 9; i++) {
        assert_int_equal(attempt(l, i, false), 0);
    }
    assert_int_equal(lanes_counts(l).lanes, 2 * LANES_IDLE_MAX);
    lanes_free(l);
}

static void questions_stay_when_a_lane_is_cleared(void **state)
{
    const struct body sample = {.is_test = true};
    struct lanes *l = lanes_of(1, 10);
    struct job_list waiting = {0};
    struct job *test = job_new(&load, false, body_new(&sample), NULL, NULL);
    struct job *probe = job_to(1);

    (void)state;
    test->webhook_id = webhook_of(1);
    probe->is_probe = true;
    offer(l, 1);
    assert_int_equal(lanes_offer(l, test, now_us), LANE_TAKEN);
    offer(l, 1);
    assert_int_equal(lanes_offer(l, probe, now_us), LANE_TAKEN);
    lanes_clear(l, webhook_of(1), &waiting);
    assert_int_equal(waiting.count, 2);
    while (waiting.count > 0) {
        job_free(job_list_take(&waiting));
    }
    assert_int_equal(lanes_counts(l).queued, 2);
    assert_ptr_equal(lanes_next(l, now_us), test);
    lanes_cancel(l, webhook_of(1));
    assert_ptr_equal(lanes_next(l, now_us), probe);
    lanes_cancel(l, webhook_of(1));
    job_free(test);
    job_free(probe);
    lanes_free(l);
}

static void organizations_take_turns_whatever_they_have(void **state)
{
    struct lanes *l = lanes_of(1, 10);

    (void)state;
    for (uint8_t webhook = 1; webhook <= 4; webhook++) {
        struct job *j = job_to(webhook);
        j->body->org_id = (struct id){{webhook == 4 ? 2 : 1}};
        assert_int_equal(lanes_offer(l, j, now_us), LANE_TAKEN);
    }
    assert_int_equal(next(l), 1);
    assert_int_equal(next(l), 4); /* The other organization's only one. */
    assert_int_equal(next(l), 2);
    assert_int_equal(next(l), 3);
    lanes_free(l);
}

/* Webhooks of an organization, from `first` on, each with one of `bytes`. */
static void offer_sized(struct lanes *l, uint8_t org, uint8_t first, int count,
                        const struct body *like)
{
    struct body body = *like;

    body.org_id = (struct id){{org}};
    for (int i = 0; i < count; i++) {
        struct job *j = job_to((uint8_t)(first + i));
        body_release(j->body);
        j->body = body_new(&body);
        assert_int_equal(lanes_offer(l, j, now_us), LANE_TAKEN);
    }
}

static void expect_order(struct lanes *l, const uint8_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(next(l), order[i]);
    }
    assert_int_equal(next(l), 0);
}

static const char much[20 * TURN_BYTES];
static const struct body small = {.bytes = {much, TURN_BYTES}};

/* Four turns' worth of bytes are paid for with four turns. */
static void large_events_are_paid_for_with_turns(void **state)
{
    static const struct body large = {.bytes = {much, 4 * TURN_BYTES}};
    static const uint8_t order[] = {1, 11, 12, 13, 14, 2, 15, 16, 17, 18, 3, 4};
    struct lanes *l = lanes_of(1, 10);

    (void)state;
    offer_sized(l, 1, 1, 4, &large);
    offer_sized(l, 2, 11, 8, &small);
    expect_order(l, order, COUNT_OF(order));
    lanes_free(l);
}

/* Nobody waits long for having sent much, nor later for what was long ago. */
static void what_is_owed_has_an_end(void **state)
{
    static const struct body huge = {.bytes = {much, sizeof much}};
    static const uint8_t order[] = {1,  11, 12, 13, 14, 15,
                                    16, 17, 18, 2,  19, 20};
    static const uint8_t later[] = {3, 21, 4, 22};
    struct lanes *l = lanes_of(1, 10);

    (void)state;
    offer_sized(l, 1, 1, 2, &huge);
    offer_sized(l, 2, 11, 10, &small);
    expect_order(l, order, COUNT_OF(order));
    done(l, 1, 5, true);
    done(l, 2, 5, true);
    offer_sized(l, 1, 3, 2, &small);
    offer_sized(l, 2, 21, 2, &small);
    expect_order(l, later, COUNT_OF(later));
    lanes_free(l);
}

static void an_evacuation_pays_nothing(void **state)
{
    static const struct body roster = {
        .event_type = {"evacuation.activated", 20},
        .bytes = {much, sizeof much}};
    static const uint8_t order[] = {1, 11, 2, 12};
    struct lanes *l = lanes_of(1, 10);

    (void)state;
    offer_sized(l, 1, 1, 2, &roster);
    offer_sized(l, 2, 11, 2, &small);
    expect_order(l, order, COUNT_OF(order));
    lanes_free(l);
}

static void an_organization_leaves_a_quarter_to_others(void **state)
{
    struct lanes *l = lanes_of(50, 100);
    int count = 0;

    (void)state;
    for (uint8_t webhook = 1; webhook <= 3; webhook++) {
        grow(l, webhook, 50);
    }
    for (int i = 0; i < 40; i++) {
        for (uint8_t webhook = 1; webhook <= 3; webhook++) {
            offer(l, webhook);
        }
    }
    while (next(l) != 0) {
        count++;
    }
    assert_int_equal(count, 75);
    done(l, 1, 5, true);
    assert_int_not_equal(next(l), 0);
    assert_int_equal(next(l), 0);
    assert_int_equal(started(l, 9, 9), 1);
    drop_all(l);
}

/* Each of `count` webhooks, from `first` on, of one organization; as above. */
static int started_of(struct lanes *l, uint8_t org, uint8_t first, int count)
{
    int begun = 0;

    for (int i = 0; i < count; i++) {
        struct job *j = job_to((uint8_t)(first + i));
        j->body->org_id = (struct id){{org}};
        j->lease_until_us = INT64_MAX;
        assert_int_equal(lanes_offer(l, j, now_us), LANE_TAKEN);
    }
    while (next(l) != 0) {
        begun++;
    }
    return begun;
}

static void
an_organizations_silent_newcomers_leave_slots_to_others(void **state)
{
    struct lanes *l = lanes_of(16, 100);
    struct job_list rest = {0};

    (void)state;
    assert_int_equal(started_of(l, 1, 1, 60), 25);
    assert_int_equal(started_of(l, 2, 101, 5), 5);
    now_us += LANE_STILL_US + 1;
    lanes_sweep(l, now_us, 0, &rest);
    assert_int_equal(rest.count, 0);
    assert_int_equal(lanes_counts(l).lanes, 65);
    assert_int_equal(lanes_counts(l).slow, 30); /* Of those that were asked. */
    /* They are ill; half of what those and newcomers may have is 44. */
    assert_int_equal(started_of(l, 1, 61, 1), 19);
    assert_int_equal(started_of(l, 2, 111, 30), 25);
    assert_int_equal(started_of(l, 3, 151, 30), 6); /* A half in all. */
    drop_all(l);
}

static void expect_windows(struct lanes *l, size_t sum, size_t active,
                           const size_t lanes[static WINDOW_SIZES])
{
    const struct lane_counts counts = lanes_counts(l);

    assert_int_equal(counts.windows.sum, sum);
    assert_int_equal(counts.active, active);
    assert_memory_equal(counts.windows.lanes, lanes,
                        WINDOW_SIZES * sizeof lanes[0]);
}

static void windows_are_counted_as_they_change(void **state)
{
    struct lanes *l = lanes_of(40, 10);
    const struct lane_end too_much = {
        .webhook_id = {{3}}, .took_us = 1, .is_too_much = true};

    (void)state;
    expect_windows(l, 0, 0, (size_t[WINDOW_SIZES]){0});
    offer(l, 1);
    expect_windows(l, 1, 0, (size_t[WINDOW_SIZES]){1});
    assert_int_equal(next(l), 1);
    expect_windows(l, 1, 1, (size_t[WINDOW_SIZES]){1});
    done(l, 1, 1, true);
    grow(l, 2, 7);
    grow(l, 3, 32);
    grow(l, 4, 60); /* More than it may. */
    expect_windows(l, 2 + 7 + 32 + 40, 0, (size_t[]){0, 1, 1, 0, 0, 2});
    offer(l, 3);
    assert_int_equal(next(l), 3);
    assert_int_equal(lanes_done(l, &too_much), 0);
    expect_windows(l, 2 + 7 + 16 + 40, 0, (size_t[]){0, 1, 1, 0, 1, 1});
    lanes_free(l);
}

/* More than are remembered: what is dropped counts no more. */
static void windows_of_lanes_that_are_gone_are_not_counted(void **state)
{
    struct lanes *l = lanes_of(40, 10);

    (void)state;
    for (size_t i = 0; i < LANES_IDLE_MAX + 3; i++) {
        assert_int_equal(attempt(l, i, true), 0);
    }
    assert_int_equal(lanes_counts(l).lanes, LANES_IDLE_MAX);
    expect_windows(l, LANES_IDLE_MAX * 2, 0,
                   (size_t[WINDOW_SIZES]){0, LANES_IDLE_MAX});
    lanes_free(l);
}

/* Webhooks come and go, others stay: it is the former that are forgotten. */
static void of_many_the_one_used_longest_ago_is_forgotten(void **state)
{
    struct lanes *l = lanes_of(40, 10);
    const size_t window_of_used = 3;

    (void)state;
    assert_int_equal(attempt(l, 0, true), 0);
    for (size_t i = 1; i < 2 * LANES_IDLE_MAX; i++) {
        assert_int_equal(attempt(l, i, true), 0);
        if (i == LANES_IDLE_MAX / 2) {
            assert_int_equal(attempt(l, 0, true), 0);
        }
        if (i == LANES_IDLE_MAX) {
            assert_int_equal(lanes_counts(l).lanes, LANES_IDLE_MAX);
            /* The one used again is there: with a window of three, not two. */
            expect_windows(l, 2 * (LANES_IDLE_MAX - 1) + window_of_used, 0,
                           (size_t[WINDOW_SIZES]){0, LANES_IDLE_MAX});
        }
    }
    /* Not used for long enough, it is gone as well. */
    expect_windows(l, 2 * LANES_IDLE_MAX, 0,
                   (size_t[WINDOW_SIZES]){0, LANES_IDLE_MAX});
    lanes_free(l);
}

/* What is cleared while it waits for its turn is idle from then on. */
static void a_cleared_lane_is_forgotten_in_its_time(void **state)
{
    struct lanes *l = lanes_of(1, 10);
    struct job_list cleared = {0};

    (void)state;
    offer(l, 77);
    lanes_clear(l, webhook_of(77), &cleared);
    job_free(job_list_take(&cleared));
    assert_null(lanes_next(l, now_us));
    for (size_t i = 0; i < LANES_IDLE_MAX; i++) {
        assert_int_equal(attempt(l, i, true), 0);
    }
    assert_int_equal(lanes_counts(l).lanes, LANES_IDLE_MAX);
    lanes_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_take_turns),
        cmocka_unit_test(a_window_bounds_what_is_under_way),
        cmocka_unit_test(what_is_asked_for_is_next_and_needs_no_room),
        cmocka_unit_test(one_that_is_gone_takes_nothing_more),
        cmocka_unit_test(a_full_lane_refuses_until_half_is_gone),
        cmocka_unit_test(a_quick_lane_may_hold_more),
        cmocka_unit_test(an_endpoint_that_says_nothing_may_hold_little),
        cmocka_unit_test(what_is_given_back_is_the_newest),
        cmocka_unit_test(when_half_of_the_room_is_taken_nobody_holds_much),
        cmocka_unit_test(what_would_outlast_its_lease_is_swept_out),
        cmocka_unit_test(only_a_swift_lane_is_busy),
        cmocka_unit_test(an_endpoint_yet_to_answer_is_waited_for),
        cmocka_unit_test(a_busy_lane_is_at_ease_when_half_is_gone),
        cmocka_unit_test(what_was_not_sent_tells_nothing_about_the_endpoint),
        cmocka_unit_test(a_lane_that_only_fails_opens_and_gives_up_what_waits),
        cmocka_unit_test(an_open_lane_takes_questions_only),
        cmocka_unit_test(a_success_closes_a_lane),
        cmocka_unit_test(failures_of_an_open_circuit_are_not_counted),
        cmocka_unit_test(
            a_window_grows_with_answers_and_halves_when_it_is_too_much),
        cmocka_unit_test(newcomers_and_the_ill_leave_slots_to_others),
        cmocka_unit_test(a_few_failures_in_a_row_give_reason_to_ask_others),
        cmocka_unit_test(one_that_fails_is_not_forgotten_among_many),
        cmocka_unit_test(of_many_the_one_used_longest_ago_is_forgotten),
        cmocka_unit_test(a_cleared_lane_is_forgotten_in_its_time),
        cmocka_unit_test(questions_stay_when_a_lane_is_cleared),
        cmocka_unit_test(organizations_take_turns_whatever_they_have),
        cmocka_unit_test(large_events_are_paid_for_with_turns),
        cmocka_unit_test(what_is_owed_has_an_end),
        cmocka_unit_test(an_evacuation_pays_nothing),
        cmocka_unit_test(an_organization_leaves_a_quarter_to_others),
        cmocka_unit_test(
            an_organizations_silent_newcomers_leave_slots_to_others),
        cmocka_unit_test(windows_are_counted_as_they_change),
        cmocka_unit_test(windows_of_lanes_that_are_gone_are_not_counted),
    };

    return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}

/* The sums of hours on a real PostgreSQL: each end and attempt once; and what
 * they say. */
#include "support.h"

#include "store/delivery.h"
#include "store/hours.h"

#define HOUR_US (3600 * US_PER_S)

static struct delivery delivery(struct id webhook, enum delivery_state state)
{
    struct id event = id_new();
    bool is_finished = state != DELIVERY_PENDING;

    return (struct delivery){
        .org_id = t.org,
        .id = id_pair(event, webhook),
        .event_at_us = t.now_us,
        .event_id = event,
        .webhook_id = webhook,
        .event_type = STR("visitor.checked_in"),
        .subject = STR("vis_1"),
        .state = state,
        .attempts = 1,
        .due_at_us = is_finished ? DB_TIME_NULL : t.now_us,
        .lease_until_us = is_finished ? DB_TIME_NULL : t.now_us,
        .body = STR("{}"),
        .finished_at_us = is_finished ? t.now_us : DB_TIME_NULL,
        .created_at_us = t.now_us,
    };
}

static struct attempt attempt(const struct delivery *d, int number,
                              struct str verdict, int64_t total_us)
{
    return (struct attempt){.org_id = t.org,
                            .delivery_id = d->id,
                            .number = number,
                            .at_us = t.now_us,
                            .webhook_id =
                                d->is_test ? (struct id){{0}} : d->webhook_id,
                            .verdict = verdict,
                            .total_us = total_us,
                            .certificate_expires_us = DB_TIME_NULL};
}

static struct hours_counts sum(struct id org, struct id webhook)
{
    struct hours_counts sum = {0};
    struct hour *list = NULL;
    struct err err = ERR_NONE;
    size_t count = 0;

    must(hours_list(t.db, org, webhook, t.now_us - HOUR_US, t.now_us + HOUR_US,
                    t.arena, &list, &count, &err),
         &err);
    assert_true(count <= 1);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list[i].at_us, t.now_us / HOUR_US * HOUR_US);
        hours_add(&sum, &list[i].counts);
    }
    return sum;
}

static void insert(const struct delivery *rows, size_t count,
                   const struct attempt *made, size_t made_count)
{
    struct err err = ERR_NONE;
    bool is_new[8];

    must(delivery_insert(t.db, rows, count, made, made_count, is_new, &err),
         &err);
}

static void what_is_inserted_counts_once(void **state)
{
    struct id webhook = id_new();
    struct id other = id_new();
    struct delivery rows[] = {delivery(webhook, DELIVERY_DELIVERED),
                              delivery(other, DELIVERY_DELIVERED),
                              delivery(webhook, DELIVERY_FAILED),
                              delivery(webhook, DELIVERY_PENDING)};
    struct attempt made[] = {
        attempt(&rows[0], 1, STR("delivered"), 4999),
        attempt(&rows[1], 1, STR("delivered"), 5000),
        attempt(&rows[2], 1, STR("disable"), 20000000),
    };

    (void)state;
    for (int i = 0; i < 2; i++) { /* The second time all of it is there. */
        insert(rows, COUNT_OF(rows), made, COUNT_OF(made));
        struct hours_counts c = sum(t.org, webhook);
        assert_int_equal(c.delivered, 1);
        assert_int_equal(c.failed, 1);
        assert_int_equal(c.succeeded, 1);
        assert_int_equal(c.disable, 1);
        assert_int_equal(hours_attempts(&c), 2);
        assert_int_equal(c.took[0], 1);
        assert_int_equal(c.took[HOURS_SLOTS - 1], 1);
        c = sum(t.org, other);
        assert_int_equal(c.delivered, 1);
        assert_int_equal(c.took[1], 1);
    }
    assert_int_equal(sum(t.stranger, webhook).delivered, 0);
}

static void of_a_batch_only_what_is_new_counts(void **state)
{
    struct id webhook = id_new();
    struct delivery rows[] = {delivery(webhook, DELIVERY_DELIVERED),
                              delivery(webhook, DELIVERY_DELIVERED),
                              delivery(webhook, DELIVERY_DELIVERED)};
    struct attempt made[COUNT_OF(rows)];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        made[i] = attempt(&rows[i], 1, STR("delivered"), 1);
    }
    insert(rows, 1, made, 1);
    insert(rows, COUNT_OF(rows), made, COUNT_OF(made));
    assert_int_equal(sum(t.org, webhook).delivered, 3);
    assert_int_equal(sum(t.org, webhook).succeeded, 3);
}

static void the_same_twice_in_a_batch_is_two_attempts_and_one_end(void **state)
{
    struct id webhook = id_new();
    struct delivery one = delivery(webhook, DELIVERY_DELIVERED);
    const struct delivery rows[] = {one, one};
    struct attempt made[] = {attempt(&one, 1, STR("delivered"), 1),
                             attempt(&one, 1, STR("delivered"), 1)};

    (void)state;
    made[1].at_us++;
    insert(rows, COUNT_OF(rows), made, COUNT_OF(made));
    assert_int_equal(sum(t.org, webhook).delivered, 1);
    assert_int_equal(sum(t.org, webhook).succeeded, 2);
}

static void what_is_recorded_counts_once(void **state)
{
    struct id webhook = id_new();
    struct delivery rows[] = {delivery(webhook, DELIVERY_PENDING),
                              delivery(webhook, DELIVERY_PENDING)};
    struct attempt made[] = {attempt(&rows[0], 1, STR("retry"), 150000),
                             attempt(&rows[1], 1, STR("give_up"), 1)};
    struct err err = ERR_NONE;

    (void)state;
    insert(rows, COUNT_OF(rows), NULL, 0);
    rows[1].state = DELIVERY_FAILED;
    rows[1].due_at_us = DB_TIME_NULL;
    rows[1].finished_at_us = t.now_us;
    for (int i = 0; i < 2; i++) { /* As after a commit nobody heard of. */
        must(delivery_record(t.db, rows, COUNT_OF(rows), made, COUNT_OF(made),
                             &err),
             &err);
        struct hours_counts c = sum(t.org, webhook);
        assert_int_equal(c.failed, 1);
        assert_int_equal(c.delivered, 0);
        assert_int_equal(c.retry, 1);
        assert_int_equal(c.give_up, 1);
        assert_int_equal(c.took[5], 1);
    }
}

static void samples_do_not_count(void **state)
{
    struct id webhook = id_new();
    struct delivery rows[] = {delivery(webhook, DELIVERY_DELIVERED),
                              delivery(webhook, DELIVERY_PENDING)};
    struct err err = ERR_NONE;

    (void)state;
    rows[0].is_test = true;
    rows[1].is_test = true;
    struct attempt made[] = {attempt(&rows[0], 1, STR("delivered"), 1),
                             attempt(&rows[1], 1, STR("give_up"), 1)};
    insert(rows, COUNT_OF(rows), made, 1);
    rows[1].state = DELIVERY_FAILED;
    rows[1].due_at_us = DB_TIME_NULL;
    rows[1].finished_at_us = t.now_us;
    must(delivery_record(t.db, &rows[1], 1, &made[1], 1, &err), &err);
    struct hours_counts c = sum(t.org, webhook);
    assert_int_equal(c.delivered + c.failed + hours_attempts(&c), 0);
    c = sum(t.org, (struct id){{0}}); /* Nor anywhere else. */
    assert_int_equal(hours_attempts(&c), 0);
}

static void how_long_most_took_is_read_from_the_slots(void **state)
{
    struct hours_counts c = {.succeeded = 100, .took = {[2] = 100}};

    (void)state;
    assert_int_equal(hours_quantile_us(&c, 50), 15000);
    assert_int_equal(hours_quantile_us(&c, 95), 19500);
    assert_int_equal(hours_quantile_us(&c, 100), 20000);
    c.took[2] = 1;
    assert_int_equal(hours_quantile_us(&c, 50), 15000);
    c = (struct hours_counts){.took = {[0] = 90, [7] = 10}};
    assert_int_equal(hours_quantile_us(&c, 50), 2777);
    assert_int_equal(hours_quantile_us(&c, 90), 5000);
    assert_int_equal(hours_quantile_us(&c, 95), 750000);
    c = (struct hours_counts){.took = {[HOURS_SLOTS - 1] = 3}};
    assert_int_equal(hours_quantile_us(&c, 50), 20000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_inserted_counts_once),
        cmocka_unit_test(of_a_batch_only_what_is_new_counts),
        cmocka_unit_test(the_same_twice_in_a_batch_is_two_attempts_and_one_end),
        cmocka_unit_test(what_is_recorded_counts_once),
        cmocka_unit_test(samples_do_not_count),
        cmocka_unit_test(how_long_most_took_is_read_from_the_slots),
    };

    return RUN_WITH_STORE(tests);
}

/* Producer and consumer against librdkafka's own mock brokers: no Kafka. */
#include "bus/consumer.h"
#include "bus/producer.h"

#include "base/clock.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define PRODUCE 0 /* The protocol's number of the request. */
#define BATCH 20
#define DEADLINE_S 20

static rd_kafka_t *host;
static rd_kafka_mock_cluster_t *cluster;
static struct bus_options bus;
static struct producer *producer;
static struct consumer *consumer;
static struct err err;
static const char *const topics[] = {"porter.visitors.v1", NULL};

/* The host of the brokers is no client: it warns of having none. */
static rd_kafka_conf_t *quiet_conf(void)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    (void)rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
    return conf;
}

static int setup(void **state)
{
    (void)state;
    err = ERR_NONE;
    producer = NULL;
    consumer = NULL;
    host = rd_kafka_new(RD_KAFKA_PRODUCER, quiet_conf(), NULL, 0);
    cluster = rd_kafka_mock_cluster_new(host, 1);
    (void)rd_kafka_mock_topic_create(cluster, topics[0], 2, 1);
    bus = (struct bus_options){rd_kafka_mock_cluster_bootstraps(cluster),
                               "test", NULL};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    producer_close(producer);
    consumer_close(consumer);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
    return 0;
}

static void open_producer(const char *extra)
{
    struct producer_options opts = {&bus, 5000, 1000};

    bus.extra = extra;
    assert_true(producer_open(&opts, &producer, &err));
}

static struct record record_of(struct str key, struct str value)
{
    return (struct record){
        .topic = str_of(topics[0]),
        .key = key,
        .value = value,
        .header_count = 1,
        .headers = {{STR("ce_id"), STR("evt_1")}},
    };
}

static void every_record_of_a_batch_is_acked(void **state)
{
    static struct record records[BATCH];
    bool acked[BATCH];
    size_t bad = 0;

    (void)state;
    open_producer(NULL);
    for (size_t i = 0; i < BATCH; i++) {
        records[i] = record_of(STR("vis_1"), STR("x"));
    }
    assert_true(
        producer_send(producer, records, BATCH, 5000, acked, &bad, &err));
    for (size_t i = 0; i < BATCH; i++) {
        assert_true(acked[i]);
    }
    assert_string_equal(producer_trouble(producer), "");
}

static void a_broker_that_is_away_acks_nothing_in_time(void **state)
{
    struct record r = record_of(STR("vis_1"), STR("x"));
    int64_t started_us = clock_steady_us();
    bool acked = true;
    size_t bad = 0;

    (void)state;
    open_producer(NULL);
    (void)rd_kafka_mock_broker_set_down(cluster, 1);
    assert_true(producer_send(producer, &r, 1, 300, &acked, &bad, &err));
    assert_false(acked);
    assert_true(producer_trouble(producer)[0] != '\0');
    assert_true(clock_steady_us() - started_us < 5 * US_PER_S);

    (void)rd_kafka_mock_broker_set_up(cluster, 1);
    assert_true(producer_send(producer, &r, 1, 5000, &acked, &bad, &err));
    assert_true(acked);
}

static void a_record_that_is_too_large_is_named(void **state)
{
    static char large[5000];
    struct record records[] = {
        record_of(STR("vis_1"), STR("x")),
        record_of(STR("vis_1"), (struct str){large, sizeof large}),
        record_of(STR("vis_1"), STR("y")),
    };
    bool acked[3];
    size_t bad = 99;

    (void)state;
    open_producer("message.max.bytes=2000");
    assert_false(producer_send(producer, records, 3, 5000, acked, &bad, &err));
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_int_equal(bad, 1);
    assert_true(acked[0]);
    assert_false(acked[1]);
    assert_false(acked[2]); /* Never before the one ahead of it. */
}

static void a_broker_that_refuses_a_batch_gets_its_records_singly(void **state)
{
    struct record records[2] = {
        record_of(STR("vis_1"), STR("x")),
        record_of(STR("vis_1"), STR("y")),
    };
    bool acked[2];
    size_t bad = 99;

    (void)state;
    open_producer(NULL);
    rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    assert_true(producer_send(producer, records, 2, 5000, acked, &bad, &err));
    assert_true(acked[0] && acked[1]);
}

/* Poll until nothing is under way, or a record failed. */
static bool drain(void)
{
    int64_t deadline_us = clock_steady_us() + 5 * US_PER_S;
    bool ok = true;

    while (ok && producer_under_way(producer) > 0) {
        assert_true(clock_steady_us() < deadline_us);
        ok = producer_poll(producer, 100);
    }
    return ok;
}

static void records_under_way_ring_when_they_are_answered(void **state)
{
    struct record r = record_of(STR("vis_1"), STR("x"));
    struct producer_slot slots[BATCH];
    struct pollfd bell = {.fd = eventfd(0, EFD_NONBLOCK), .events = POLLIN};

    (void)state;
    open_producer(NULL);
    producer_ring(producer, bell.fd);
    for (size_t i = 0; i < BATCH; i++) {
        assert_true(producer_put(producer, &r, &slots[i]));
    }
    assert_int_equal(producer_under_way(producer), BATCH);
    assert_int_equal(poll(&bell, 1, 5000), 1);
    assert_true(drain());
    for (size_t i = 0; i < BATCH; i++) {
        assert_true(slots[i].is_done);
        assert_int_equal(slots[i].code, 0);
    }
    (void)close(bell.fd);
}

static void what_is_under_way_is_dropped_when_one_fails(void **state)
{
    struct record r = record_of(STR("vis_1"), STR("x"));
    struct producer_slot slots[2];

    (void)state;
    open_producer(NULL);
    rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    assert_true(producer_put(producer, &r, &slots[0]));
    assert_false(drain());
    assert_true(slots[0].is_done && slots[0].code != 0);
    assert_false(producer_put(producer, &r, &slots[1])); /* No gap is made. */
    assert_true(slots[1].is_done);
    producer_drop(producer);
    assert_int_equal(producer_under_way(producer), 0);

    assert_true(producer_put(producer, &r, &slots[0]));
    assert_true(drain());
    assert_true(slots[0].is_done && slots[0].code == 0);
}

static void refuses_properties_that_promises_rest_on(void **state)
{
    static const struct {
        const char *extra, *says;
    } cases[] = {
        {"acks=1", "acks can't be changed"},
        {" enable.idempotence = false", "enable.idempotence can't be changed"},
        {"no-equals", "property 1 is not of the form name=value"},
        {"linger.ms=1,,", "property 2 is not of the form name=value"},
        {"sasl.pasword=hush", "sasl.pasword is unknown to librdkafka"},
        {"linger.ms=hush", "linger.ms has a value that librdkafka refuses"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct producer_options opts = {&bus, 5000, 1000};

        bus.extra = cases[i].extra;
        assert_false(producer_open(&opts, &producer, &err));
        assert_int_equal(err.code, ERR_INVALID);
        if (strstr(err.text, cases[i].says) == NULL) {
            fail_msg("\"%s\" lacks \"%s\"", err.text, cases[i].says);
        }
        assert_null(strstr(err.text, "hush"));
    }
}

/* --- receiving ----------------------------------------------------------- */

static void send_numbers(int from, int count)
{
    for (int i = from; i < from + count; i++) {
        char text[16];
        bool acked = false;
        size_t bad = 0;
        int len = snprintf(text, sizeof text, "%d", i);
        struct record r =
            record_of(STR("vis_1"), (struct str){text, (size_t)len});

        assert_true(producer_send(producer, &r, 1, 5000, &acked, &bad, &err));
        assert_true(acked);
    }
}

static void open_consumer(void)
{
    struct consumer_options opts = {
        .bus = &bus, .group = "g", .topics = topics};

    assert_true(consumer_open(&opts, &consumer, &err));
}

/* The number in the next record, which is done with it. */
static int next_number(void)
{
    int64_t deadline_us = clock_steady_us() + DEADLINE_S * US_PER_S;
    const struct record *records = NULL;
    size_t count = 0;
    uint64_t n = 0;

    while (count == 0 && clock_steady_us() < deadline_us) {
        if (!consumer_poll(consumer, 100, 1, &records, &count, &err)) {
            count = 0;
        }
    }
    assert_int_equal(count, 1);
    assert_true(str_eq(records[0].key, STR("vis_1")));
    assert_true(str_eq(records[0].headers[0].name, STR("ce_id")));
    assert_true(str_to_u64(records[0].value, 1000, &n));
    consumer_done(consumer, &records[0].place);
    return (int)n;
}

/* What the group has committed over both partitions, asked from outside. */
static int64_t committed(void)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(2);
    rd_kafka_t *rk = NULL;
    int64_t sum = 0;

    (void)rd_kafka_conf_set(conf, "bootstrap.servers", bus.brokers, NULL, 0);
    (void)rd_kafka_conf_set(conf, "group.id", "g.porter.visitors.v1", NULL, 0);
    rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
    (void)rd_kafka_topic_partition_list_add(list, topics[0], 0);
    (void)rd_kafka_topic_partition_list_add(list, topics[0], 1);
    assert_int_equal(rd_kafka_committed(rk, list, 5000), 0);
    for (int i = 0; i < list->cnt; i++) {
        sum += MAX_OF((int64_t)0, list->elems[i].offset);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    return sum;
}

static void commits_what_is_done_and_no_more(void **state)
{
    (void)state;
    open_producer(NULL);
    send_numbers(0, 5);
    open_consumer();
    assert_int_equal(next_number(), 0);
    assert_int_equal(next_number(), 1);
    assert_true(consumer_is_joined(consumer));
    assert_true(consumer_commit(consumer, &err));
    assert_int_equal(committed(), 2);
}

static void commits_by_itself_while_polled(void **state)
{
    int64_t deadline_us = clock_steady_us() + DEADLINE_S * US_PER_S;
    const struct record *records = NULL;
    size_t count = 0;

    (void)state;
    open_producer(NULL);
    send_numbers(0, 1);
    open_consumer();
    assert_int_equal(next_number(), 0);
    while (committed() != 1 && clock_steady_us() < deadline_us) {
        assert_true(consumer_poll(consumer, 100, 10, &records, &count, &err));
    }
    assert_int_equal(committed(), 1);
}

static void closing_commits_nothing(void **state)
{
    (void)state;
    open_producer(NULL);
    send_numbers(0, 3);
    open_consumer();
    assert_int_equal(next_number(), 0);
    consumer_close(consumer);
    consumer = NULL;
    assert_int_equal(committed(), 0);
}

static void a_paused_consumer_gets_nothing_and_loses_nothing(void **state)
{
    const struct record *records = NULL;
    size_t count = 0;

    (void)state;
    open_producer(NULL);
    send_numbers(0, 2);
    open_consumer();
    assert_int_equal(next_number(), 0);
    consumer_pause(consumer, true);
    for (int i = 0; i < 5; i++) {
        assert_true(consumer_poll(consumer, 100, 10, &records, &count, &err));
        assert_int_equal(count, 0);
    }
    consumer_pause(consumer, false);
    assert_int_equal(next_number(), 1);
}

static void partitions_assigned_while_paused_are_paused(void **state)
{
    int64_t deadline_us = clock_steady_us() + DEADLINE_S * US_PER_S;
    const struct record *records = NULL;
    size_t count = 0;

    (void)state;
    open_producer(NULL);
    send_numbers(0, 2);
    open_consumer();
    consumer_pause(consumer, true);
    while (consumer_owned(consumer, 0) == 0 &&
           clock_steady_us() < deadline_us) {
        assert_true(consumer_poll(consumer, 100, 10, &records, &count, &err));
        assert_int_equal(count, 0);
    }
    assert_int_equal(consumer_owned(consumer, 0), 2);
    for (int i = 0; i < 5; i++) {
        assert_true(consumer_poll(consumer, 100, 10, &records, &count, &err));
        assert_int_equal(count, 0);
    }
    consumer_pause(consumer, false);
    assert_int_equal(next_number(), 0);
}

static void poll_both(struct consumer *other, size_t *count)
{
    const struct record *records = NULL;
    struct consumer *members[] = {consumer, other};

    for (size_t i = 0; i < COUNT_OF(members); i++) {
        size_t got = 0;

        if (members[i] != NULL &&
            consumer_poll(members[i], 50, 10, &records, &got, &err)) {
            *count += got;
        }
        err_clear(&err);
    }
}

/* One record for each of many keys, so that both partitions get some. */
static size_t send_to_both_partitions(void)
{
    for (size_t i = 0; i < 16; i++) {
        char key[16];
        bool acked = false;
        size_t bad = 0;
        int len = snprintf(key, sizeof key, "vis_%zu", i);
        struct record r = record_of((struct str){key, (size_t)len}, STR("x"));

        assert_true(producer_send(producer, &r, 1, 5000, &acked, &bad, &err));
        assert_true(acked);
    }
    return 16;
}

static void a_partition_lost_while_paused_flows_when_it_is_back(void **state)
{
    struct consumer_options opts = {
        .bus = &bus, .group = "g", .topics = topics};
    int64_t deadline_us = clock_steady_us() + 4 * DEADLINE_S * US_PER_S;
    struct consumer *other = NULL;
    size_t count = 0;

    (void)state;
    open_producer(NULL);
    send_numbers(0, 1);
    open_consumer();
    assert_int_equal(next_number(), 0);
    assert_true(consumer_commit(consumer, &err));
    consumer_pause(consumer, true);
    assert_true(consumer_open(&opts, &other, &err));
    while (consumer_owned(other, 0) == 0 && clock_steady_us() < deadline_us) {
        poll_both(other, &count);
    }
    assert_int_equal(consumer_owned(other, 0), 1);
    consumer_pause(consumer, false);
    consumer_close(other);
    size_t sent = send_to_both_partitions();
    count = 0;
    deadline_us = clock_steady_us() + 4 * DEADLINE_S * US_PER_S;
    while (count < sent && clock_steady_us() < deadline_us) {
        poll_both(NULL, &count);
    }
    assert_int_equal(count, sent);
}

static void a_member_without_a_partition_is_joined(void **state)
{
    struct consumer_options opts = {
        .bus = &bus, .group = "g", .topics = topics};
    int64_t deadline_us = clock_steady_us() + 4 * DEADLINE_S * US_PER_S;
    struct consumer *other = NULL;
    size_t count = 0;

    (void)state;
    (void)rd_kafka_mock_topic_create(cluster, "porter.lone.v1", 1, 1);
    opts.topics = (const char *const[]){"porter.lone.v1", NULL};
    assert_true(consumer_open(&opts, &consumer, &err));
    while (!consumer_is_joined(consumer) && clock_steady_us() < deadline_us) {
        poll_both(NULL, &count);
    }
    assert_true(consumer_is_joined(consumer));
    assert_true(consumer_open(&opts, &other, &err));
    assert_false(consumer_is_joined(other));
    while (!consumer_is_joined(other) && clock_steady_us() < deadline_us) {
        poll_both(other, &count);
    }
    assert_true(consumer_is_joined(other));
    assert_int_equal(consumer_owned(consumer, 0) + consumer_owned(other, 0), 1);
    consumer_close(other);
}

static void lag_is_what_is_not_done(void **state)
{
    (void)state;
    open_producer(NULL);
    send_numbers(0, 5);
    open_consumer();
    assert_int_equal(next_number(), 0);
    assert_int_equal(consumer_lag(consumer), 4);
    assert_int_equal(next_number(), 1);
    assert_int_equal(consumer_lag(consumer), 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_record_of_a_batch_is_acked),
        TEST(a_broker_that_is_away_acks_nothing_in_time),
        TEST(a_record_that_is_too_large_is_named),
        TEST(a_broker_that_refuses_a_batch_gets_its_records_singly),
        TEST(records_under_way_ring_when_they_are_answered),
        TEST(what_is_under_way_is_dropped_when_one_fails),
        TEST(refuses_properties_that_promises_rest_on),
        TEST(commits_what_is_done_and_no_more),
        TEST(commits_by_itself_while_polled),
        TEST(closing_commits_nothing),
        TEST(a_paused_consumer_gets_nothing_and_loses_nothing),
        TEST(partitions_assigned_while_paused_are_paused),
        TEST(a_partition_lost_while_paused_flows_when_it_is_back),
        TEST(a_member_without_a_partition_is_joined),
        TEST(lag_is_what_is_not_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

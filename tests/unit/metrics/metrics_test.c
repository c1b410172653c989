/* What was counted is what a scraper reads. */
#include "metrics/metrics.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static const char *const results[] = {"ok", "failed", NULL};

enum { REQUESTS, DEPTH, AGE, DURATION };

static const struct metric_row rows[] = {
    [REQUESTS] = {"porter_requests_total", METRIC_COUNTER, "Requests.",
                  "result", results},
    [DEPTH] = {"porter_outbox_rows", METRIC_GAUGE, "Rows waiting.", NULL, NULL},
    [AGE] = {"porter_outbox_oldest_seconds", METRIC_SECONDS, "Its age.", NULL,
             NULL},
    [DURATION] = {"porter_send_seconds", METRIC_HISTOGRAM, "Sending.", NULL,
                  NULL},
};

static struct metrics *m;
static struct buf text;

static int setup(void **state)
{
    (void)state;
    m = metrics_new(rows, COUNT_OF(rows));
    text = BUF_EMPTY;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    metrics_free(m);
    buf_free(&text);
    return 0;
}

static void expect_line(const char *line)
{
    buf_clear(&text);
    metrics_write(m, &text);
    if (strstr(buf_cstr(&text), line) == NULL) {
        fail_msg("%s\nlacks\n%s", buf_cstr(&text), line);
    }
}

static void counts_by_label(void **state)
{
    (void)state;
    metrics_add(m, REQUESTS, 0, 2);
    metrics_add(m, REQUESTS, 1, 1);
    metrics_add(m, REQUESTS, 0, 1);
    expect_line("# HELP porter_requests_total Requests.\n"
                "# TYPE porter_requests_total counter\n"
                "porter_requests_total{result=\"ok\"} 3\n"
                "porter_requests_total{result=\"failed\"} 1\n");
}

static void a_gauge_can_be_set_and_moved(void **state)
{
    (void)state;
    metrics_set(m, DEPTH, 0, 10);
    metrics_add(m, DEPTH, 0, -3);
    expect_line("\nporter_outbox_rows 7\n");
}

static void an_age_is_shown_in_seconds(void **state)
{
    (void)state;
    metrics_set(m, AGE, 0, 61250004);
    expect_line("# TYPE porter_outbox_oldest_seconds gauge\n"
                "porter_outbox_oldest_seconds 61.250004\n");
}

static void a_duration_falls_into_its_bucket(void **state)
{
    (void)state;
    metrics_observe_us(m, DURATION, 0, 50);
    metrics_observe_us(m, DURATION, 0, 51);
    metrics_observe_us(m, DURATION, 0, 70000000);
    expect_line("porter_send_seconds_bucket{le=\"0.00005\"} 1\n"
                "porter_send_seconds_bucket{le=\"0.0001\"} 2\n");
    expect_line("porter_send_seconds_bucket{le=\"60\"} 2\n"
                "porter_send_seconds_bucket{le=\"+Inf\"} 3\n"
                "porter_send_seconds_sum 70.000101\n"
                "porter_send_seconds_count 3\n");
}

static void tells_of_the_process(void **state)
{
    (void)state;
    expect_line("\nprocess_cpu_seconds_total ");
    expect_line("\nprocess_resident_memory_bytes ");
    expect_line("\nprocess_open_fds ");
    expect_line("\nprocess_start_time_seconds 1");
}

#define THREADS 12
#define ROUNDS 20000

static void *count_much(void *user)
{
    (void)user;
    for (int i = 0; i < ROUNDS; i++) {
        metrics_add(m, REQUESTS, 0, 1);
        metrics_add(m, DEPTH, 0, i % 2 == 0 ? 1 : -1);
    }
    return NULL;
}

static void loses_nothing_between_threads(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_much, NULL),
                         0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    expect_line("porter_requests_total{result=\"ok\"} 240000\n");
    expect_line("\nporter_outbox_rows 0\n");
}

static void documents_itself(void **state)
{
    (void)state;
    metrics_docs("gateway", rows, COUNT_OF(rows), &text);
    assert_non_null(strstr(buf_cstr(&text),
                           "| `porter_requests_total` | counter | `result`: "
                           "`ok`, `failed` | Requests. |\n"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(counts_by_label),
        TEST(a_gauge_can_be_set_and_moved),
        TEST(an_age_is_shown_in_seconds),
        TEST(a_duration_falls_into_its_bucket),
        TEST(tells_of_the_process),
        TEST(loses_nothing_between_threads),
        TEST(documents_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

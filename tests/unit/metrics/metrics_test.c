/* What was counted is what a scraper reads. */
#include "metrics/exemplar.h"
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
static struct exemplar_slot slot;

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

static void expect_in(enum metrics_format format, const char *line)
{
    buf_clear(&text);
    metrics_write(m, format, &text);
    if (strstr(buf_cstr(&text), line) == NULL) {
        fail_msg("%s\nlacks\n%s", buf_cstr(&text), line);
    }
}

static void expect_line(const char *line)
{
    expect_in(METRICS_TEXT, line);
}

static void expect_open(const char *line)
{
    expect_in(METRICS_OPENMETRICS, line);
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

static void openmetrics_has_its_own_names_and_numbers(void **state)
{
    (void)state;
    metrics_add(m, REQUESTS, 0, 3);
    metrics_observe_us(m, DURATION, 0, 51);
    expect_open("# HELP porter_requests Requests.\n"
                "# TYPE porter_requests counter\n"
                "porter_requests_total{result=\"ok\"} 3\n");
    expect_open("# TYPE porter_outbox_rows gauge\nporter_outbox_rows 0\n");
    expect_open("porter_send_seconds_bucket{le=\"5e-05\"} 0\n"
                "porter_send_seconds_bucket{le=\"0.0001\"} 1\n");
    expect_open("porter_send_seconds_bucket{le=\"1.0\"} 1\n");
    expect_open("porter_send_seconds_bucket{le=\"60.0\"} 1\n"
                "porter_send_seconds_bucket{le=\"+Inf\"} 1\n");
    expect_open("# TYPE process_cpu_seconds counter\n"
                "process_cpu_seconds_total ");
    assert_string_equal(buf_cstr(&text) + text.len - 7, "\n# EOF\n");
}

static void a_bucket_keeps_the_last_recorded_trace(void **state)
{
    const struct id first = {{1}};
    const struct id last = {{0xab, 0xcd, [15] = 0xef}};

    (void)state;
    metrics_observe_traced_us(m, DURATION, 0, 1500, first);
    metrics_observe_traced_us(m, DURATION, 0, 1600, last);
    metrics_observe_us(m, DURATION, 0, 1700);
    metrics_observe_traced_us(m, DURATION, 0, 70000000, first);
    expect_open("_bucket{le=\"0.001\"} 0\n"
                "porter_send_seconds_bucket{le=\"0.002\"} 3 # "
                "{trace_id=\"abcd00000000000000000000000000ef\"} 0.001600 1");
    expect_open("_bucket{le=\"0.005\"} 3\n");
    expect_open("_bucket{le=\"+Inf\"} 4 # "
                "{trace_id=\"01000000000000000000000000000000\"} 70.000000 1");
    expect_line("_bucket{le=\"0.002\"} 3\n"); /* Plain text has none. */
}

static void a_scraper_gets_what_it_prefers(void **state)
{
    static const struct {
        const char *accept;
        enum metrics_format format;
    } cases[] = {
        {NULL, METRICS_TEXT},
        {"*/*", METRICS_TEXT},
        {"text/plain", METRICS_TEXT},
        /* Prometheus 2 and 3. */
        {"application/openmetrics-text;version=1.0.0,application/"
         "openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,"
         "*/*;q=0.1",
         METRICS_OPENMETRICS},
        {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0."
         "5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;"
         "version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q="
         "0.2,*/*;q=0.1",
         METRICS_OPENMETRICS},
        {"Application/OpenMetrics-Text ; version=1.0.0 ; q=0.5",
         METRICS_OPENMETRICS},
        {"application/openmetrics-text", METRICS_OPENMETRICS},
        {"application/openmetrics-text; version=0.0.1", METRICS_TEXT},
        {"application/openmetrics-text;version=1.0.0;q=0", METRICS_TEXT},
        {"application/openmetrics-text;version=1.0.0;q=x", METRICS_TEXT},
        {"text/plain;version=0.0.4, "
         "application/openmetrics-text;version=1.0.0;q=0.999",
         METRICS_TEXT},
        {";;,,=,;q=;q", METRICS_TEXT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(metrics_format_for(str_of(cases[i].accept)),
                         cases[i].format);
    }
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

#define WRITERS 2
#define EXAMPLES 3000000
static _Atomic int writers;

/* Of one writing: whose trace's bytes are all n took n us. */
static void expect_whole(void)
{
    struct exemplar e;

    if (exemplar_get(&slot, &e)) {
        const uint8_t n = e.trace.bytes[0];

        for (size_t i = 1; i < sizeof e.trace.bytes; i++) {
            assert_int_equal(e.trace.bytes[i], n);
        }
        assert_int_equal(e.value_us, n);
        assert_int_equal(e.at_us, -n);
    }
}

static void *write_examples(void *user)
{
    (void)user;
    for (int i = 0; i < EXAMPLES; i++) {
        const uint8_t n = (uint8_t)(i % 127 + 1);
        struct exemplar e = {.value_us = n, .at_us = -n};

        memset(e.trace.bytes, n, sizeof e.trace.bytes);
        exemplar_put(&slot, &e);
    }
    (void)atomic_fetch_sub(&writers, 1);
    return NULL;
}

static void nobody_waits_for_who_writes_an_exemplar(void **state)
{
    const struct exemplar first = {{{1}}, 10, 100};
    const struct exemplar next = {{{2}}, 20, 200};
    struct exemplar found;

    (void)state;
    slot = (struct exemplar_slot){0};
    exemplar_put(&slot, &first);
    (void)atomic_fetch_add(&slot.turn, 1); /* One is at it. */
    exemplar_put(&slot, &next);
    assert_false(exemplar_get(&slot, &found));
    (void)atomic_fetch_add(&slot.turn, 1);
    assert_true(exemplar_get(&slot, &found));
    assert_memory_equal(&found, &first, sizeof first);
    exemplar_put(&slot, &next);
    assert_true(exemplar_get(&slot, &found));
    assert_memory_equal(&found, &next, sizeof next);
}

static void an_exemplar_is_read_as_it_was_written(void **state)
{
    pthread_t threads[WRITERS];
    struct exemplar last;

    (void)state;
    slot = (struct exemplar_slot){0};
    assert_false(exemplar_get(&slot, &last));
    atomic_store(&writers, WRITERS);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, write_examples, NULL), 0);
    }
    while (atomic_load(&writers) > 0) {
        expect_whole();
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(exemplar_get(&slot, &last));
    expect_whole();
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
        TEST(openmetrics_has_its_own_names_and_numbers),
        TEST(a_bucket_keeps_the_last_recorded_trace),
        TEST(a_scraper_gets_what_it_prefers),
        TEST(tells_of_the_process),
        TEST(loses_nothing_between_threads),
        TEST(nobody_waits_for_who_writes_an_exemplar),
        TEST(an_exemplar_is_read_as_it_was_written),
        TEST(documents_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

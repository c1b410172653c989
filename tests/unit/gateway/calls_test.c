/* Calls of two gateways, on a real Redis: one list, by time. */
#include "gateway/calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NOW_US 1700000000000000

static struct kv *kv;
static struct calls *one, *two;
static struct arena *arena;
static struct id org, key;

static void must(bool ok, const struct err *err)
{
    if (!ok) {
        fail_msg("%s: %s", err_code_name(err->code), err->text);
    }
}

static int begin(void **state)
{
    const struct kv_options opts = {.url = getenv("TEST_REDIS_URL"),
                                    .connections = 1,
                                    .batch_max = 16,
                                    .connect_ms = 500,
                                    .timeout_ms = 2000,
                                    .errors_max = 3,
                                    .probe_ms = 100};
    struct err err = ERR_NONE;

    (void)state;
    must(kv_open(&opts, &kv, &err), &err);
    one = calls_new();
    two = calls_new();
    arena = arena_new(4096);
    org = id_new();
    key = id_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(arena);
    calls_free(two);
    calls_free(one);
    kv_close(kv);
    return 0;
}

static void note(struct calls *gateway, int64_t at_us, const char *request)
{
    const struct call_note n = {.org_id = org,
                                .key_id = key,
                                .at_us = at_us,
                                .took_us = 1000,
                                .status = 200,
                                .method = STR("GET"),
                                .path = STR("/api/v1/visitors"),
                                .address = STR("127.0.0.1"),
                                .request_id = str_of(request)};

    calls_note(gateway, &n);
}

static size_t read_back(struct call_kept **list)
{
    struct err err = ERR_NONE;
    size_t count = 0;

    must(calls_read(kv, org, key, arena, list, &count, &err), &err);
    return count;
}

static bool is_of(const struct call_kept *call, const char *request)
{
    char json[512];

    assert_true(call->json.len < sizeof json);
    memcpy(json, call->json.data, call->json.len);
    json[call->json.len] = '\0';
    return strstr(json, request) != NULL;
}

/* The second to send has the older ones, and one in between. */
static void the_newest_is_first_whoever_sends_when(void **state)
{
    static const char *const wanted[] = {"req_e", "req_d", "req_c", "req_b",
                                         "req_a"};
    struct call_kept *list = NULL;

    (void)state;
    note(one, NOW_US + 3, "req_c");
    note(one, NOW_US + 5, "req_e");
    note(two, NOW_US + 1, "req_a");
    note(two, NOW_US + 4, "req_d");
    note(two, NOW_US + 2, "req_b");
    calls_flush(one, kv);
    calls_flush(two, kv);
    assert_int_equal(read_back(&list), COUNT_OF(wanted));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_true(is_of(&list[i], wanted[i]));
    }
}

/* So a page may end between them. */
static void calls_of_one_moment_have_an_order(void **state)
{
    struct call_kept *list = NULL;
    struct call_kept *again = NULL;
    size_t count = 0;

    (void)state;
    for (int i = 0; i < 20; i++) {
        char request[16];

        (void)snprintf(request, sizeof request, "req_%d", i);
        note(i % 2 == 0 ? one : two, NOW_US, request);
    }
    calls_flush(one, kv);
    calls_flush(two, kv);
    count = read_back(&list);
    assert_int_equal(count, 20);
    for (size_t i = 1; i < count; i++) {
        assert_true(calls_compare(&list[i - 1], &list[i]) < 0);
        assert_true(calls_compare(&list[i], &list[i - 1]) > 0);
    }
    note(one, NOW_US, "req_later"); /* Moves none of the others. */
    calls_flush(one, kv);
    assert_int_equal(read_back(&again), count + 1);
    for (size_t i = 0, j = 0; i < count; i++, j++) {
        if (is_of(&again[j], "req_later")) {
            j++;
        }
        assert_int_equal(calls_compare(&list[i], &again[j]), 0);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_newest_is_first_whoever_sends_when),
        CASE(calls_of_one_moment_have_an_order),
    };

    if (getenv("TEST_REDIS_URL") == NULL) {
        puts("skipped: no server (TEST_REDIS_URL)");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

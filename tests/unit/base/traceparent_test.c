/* traceparent is read strictly; ids that are made are good ones. */
#include "base/traceparent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static void only_a_well_formed_traceparent_is_read(void **state)
{
    static const char *const bad[] = {
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
        PARENT "-extra",
    };
    struct trace t = {.span = 42};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(traceparent_read(str_of(bad[i]), &t));
        assert_int_equal(t.span, 42);
    }
    assert_true(traceparent_read(STR(PARENT), &t));
    assert_int_equal(t.id.bytes[0], 0x4b);
    assert_int_equal(t.id.bytes[15], 0x36);
    assert_true(t.span == 0x00f067aa0ba902b7);
    assert_int_equal(t.flags, TRACE_SAMPLED);
}

static void what_is_read_is_written_alike(void **state)
{
    struct trace t = {.span = 0};

    (void)state;
    assert_true(traceparent_read(STR(PARENT), &t));
    assert_string_equal(traceparent_text(t).data, PARENT);
    assert_string_equal(trace_id_text(t.id).data,
                        "4bf92f3577b34da6a3ce929d0e0e4736");
}

static void unknown_flags_are_dropped(void **state)
{
    struct trace t = {.span = 0};

    (void)state;
    assert_true(traceparent_read(
        STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff"), &t));
    assert_int_equal(t.flags, TRACE_SAMPLED | TRACE_RANDOM);
}

static void new_traces_are_good_ones(void **state)
{
    struct trace a = trace_at(trace_new(), trace_span_new());
    struct trace b = trace_at(trace_new(), trace_span_new());
    struct trace got = {.span = 0};

    (void)state;
    assert_true(traceparent_read(str_of(traceparent_text(a).data), &got));
    assert_false(id_eq(a.id, b.id));
    assert_true(a.span != b.span);
    assert_int_equal(a.flags, TRACE_RANDOM);
}

static void spans_of_an_event_follow_from_its_id(void **state)
{
    struct id event = id_new();
    struct id other = id_new();

    (void)state;
    assert_true(trace_span_of(event, TRACE_SENDING) ==
                trace_span_of(event, TRACE_SENDING));
    assert_true(trace_span_of(event, TRACE_SENDING) !=
                trace_span_of(event, TRACE_PROCESSING));
    assert_true(trace_span_of(event, TRACE_SENDING) !=
                trace_span_of(other, TRACE_SENDING));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_well_formed_traceparent_is_read),
        cmocka_unit_test(what_is_read_is_written_alike),
        cmocka_unit_test(unknown_flags_are_dropped),
        cmocka_unit_test(new_traces_are_good_ones),
        cmocka_unit_test(spans_of_an_event_follow_from_its_id),
    };

    return cmocka_run_group_tests_name("traceparent", tests, NULL, NULL);
}

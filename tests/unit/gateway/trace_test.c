/* Request ids are kept when harmless; traces go on. */
#include "gateway/trace.h"

#include "base/id.h"
#include "store/cause.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static bool is_new_id(struct str s)
{
    struct id id;

    return id_read(ID_REQUEST, s, &id);
}

static void a_callers_id_is_kept_when_printable_and_short(void **state)
{
    struct arena *arena = arena_new(1024);
    char longest[REQUEST_ID_MAX + 1];

    (void)state;
    memset(longest, 'x', sizeof longest);
    assert_true(
        str_eq(trace_request_id(STR("my id ~1"), arena), STR("my id ~1")));
    assert_int_equal(
        trace_request_id((struct str){longest, REQUEST_ID_MAX}, arena).len,
        REQUEST_ID_MAX);
    assert_true(is_new_id(
        trace_request_id((struct str){longest, REQUEST_ID_MAX + 1}, arena)));
    assert_true(is_new_id(trace_request_id(STR_NONE, arena)));
    assert_true(is_new_id(trace_request_id(STR("a\tb"), arena)));
    assert_true(is_new_id(trace_request_id(STR("\xc3\xbc"), arena)));
    arena_free(arena);
}

static void only_a_well_formed_traceparent_counts(void **state)
{
    static const char *const bad[] = {
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
        PARENT "-extra",
    };

    (void)state;
    assert_true(trace_is_parent(STR(PARENT)));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(trace_is_parent(str_of(bad[i])));
    }
}

static void a_trace_goes_on_with_a_span_of_ours(void **state)
{
    struct arena *arena = arena_new(1024);
    struct str child = trace_child(STR(PARENT), arena);

    (void)state;
    assert_true(trace_is_parent(child));
    assert_true(str_starts(child, STR("00-4bf92f3577b34da6a3ce929d0e0e4736-")));
    assert_false(str_eq(child, STR(PARENT)));
    assert_memory_equal(child.data + child.len - 2, "01", 2);
    assert_true(trace_is_parent(trace_child(STR("nonsense"), arena)));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_callers_id_is_kept_when_printable_and_short),
        cmocka_unit_test(only_a_well_formed_traceparent_counts),
        cmocka_unit_test(a_trace_goes_on_with_a_span_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

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

static void a_trace_goes_on_with_a_span_of_ours(void **state)
{
    struct trace given = {.span = 0};
    uint64_t parent = 0;
    struct trace child = trace_begin(STR(PARENT), &parent);

    (void)state;
    assert_true(traceparent_read(STR(PARENT), &given));
    assert_true(id_eq(child.id, given.id));
    assert_true(parent == given.span && child.span != given.span);
    assert_int_equal(child.flags, TRACE_SAMPLED);
}

static void without_a_good_one_a_trace_begins(void **state)
{
    uint64_t parent = 42;
    struct trace t = trace_begin(STR("nonsense"), &parent);

    (void)state;
    assert_true(parent == 0 && t.span != 0 && !id_is_zero(t.id));
    assert_int_equal(t.flags & TRACE_SAMPLED, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_callers_id_is_kept_when_printable_and_short),
        cmocka_unit_test(a_trace_goes_on_with_a_span_of_ours),
        cmocka_unit_test(without_a_good_one_a_trace_begins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

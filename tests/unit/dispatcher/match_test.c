/* Which webhooks want an event. */
#include "dispatcher/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define BIT(type) (1U << (type))

static void subscribers_match_be_they_enabled_or_not(void **state)
{
    const struct webhook_target targets[] = {
        {.is_enabled = true, .events = BIT(EVENT_VISITOR_CHECKED_IN)},
        {.is_enabled = false, .events = BIT(EVENT_VISITOR_CHECKED_IN)},
        {.is_enabled = true, .events = BIT(EVENT_VISITOR_CHECKED_OUT)},
        {.is_enabled = true, .events = BIT(EVENT_TYPE_COUNT) - 1},
        {.is_enabled = true, .events = 0},
    };
    const struct webhook_target *found[COUNT_OF(targets)];

    (void)state;
    assert_int_equal(match_event(targets, COUNT_OF(targets),
                                 EVENT_VISITOR_CHECKED_IN, found),
                     3);
    assert_ptr_equal(found[0], &targets[0]);
    assert_ptr_equal(found[1], &targets[1]);
    assert_ptr_equal(found[2], &targets[3]);
    assert_int_equal(match_event(targets, 0, EVENT_VISITOR_CHECKED_IN, found),
                     0);
}

static void a_webhook_is_found_by_its_id(void **state)
{
    const struct webhook_target targets[] = {{.id = {{1}}}, {.id = {{2}}}};

    (void)state;
    assert_ptr_equal(match_find(targets, 2, (struct id){{2}}), &targets[1]);
    assert_null(match_find(targets, 2, (struct id){{3}}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subscribers_match_be_they_enabled_or_not),
        cmocka_unit_test(a_webhook_is_found_by_its_id),
    };

    return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}

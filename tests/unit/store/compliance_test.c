/* Compliance: dates and a clock value -> what a contractor's papers are worth.
 */
#include "store/compliance.h"

#include "message/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NOW_US (1772357400LL * US_PER_S) /* 2026-03-01T09:30:00Z */
#define DAY_US (86400 * US_PER_S)
#define NONE INT64_MIN

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(65536);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void set(Porter__V1__Contractor *c, const char *field, int64_t at_us)
{
    if (at_us != NONE) {
        message_set_time(message_find(&c->base, str_of(field), arena), at_us,
                         arena);
    }
}

/* An approved contractor, last changed 90 days ago. */
static Porter__V1__Contractor *approved(int64_t insurance_us,
                                        int64_t induction_us, int64_t until_us)
{
    ProtobufCMessage *m =
        message_new(&porter__v1__contractor__descriptor, arena);
    Porter__V1__Contractor *c = (Porter__V1__Contractor *)(void *)m;

    c->status = PORTER__V1__CONTRACTOR_STATUS__CONTRACTOR_STATUS_APPROVED;
    set(c, "insurance_expires_at", insurance_us);
    set(c, "induction_completed_at", induction_us);
    set(c, "valid_until", until_us);
    set(c, "updated_at", NOW_US - 90 * DAY_US);
    return c;
}

static void expect(Porter__V1__Contractor *c, const char *want)
{
    struct buf json = BUF_EMPTY;
    struct json_writer w = json_writer(&json);

    contractor_assess(c, NOW_US, arena);
    message_write_json(&c->compliance->base, &w);
    assert_string_equal(buf_cstr(&json), want);
    buf_free(&json);
}

static void papers_in_order_are_compliant(void **state)
{
    (void)state;
    expect(approved(NOW_US + 31 * DAY_US, NOW_US - 1, NONE),
           "{\"status\":\"compliant\",\"reasons\":[],"
           "\"expires_at\":\"2026-04-01T09:30:00.000Z\"}");
}

static void what_is_missing_makes_them_incomplete(void **state)
{
    (void)state;
    expect(approved(NONE, NONE, NONE),
           "{\"status\":\"incomplete\",\"reasons\":[\"insurance_missing\","
           "\"induction_missing\"],\"expires_at\":null}");
}

static void the_worst_reason_decides_and_all_are_told(void **state)
{
    (void)state;
    expect(approved(NOW_US, NONE, NOW_US + DAY_US),
           "{\"status\":\"expired\",\"reasons\":[\"insurance_expired\","
           "\"induction_missing\",\"approval_expiring\"],"
           "\"expires_at\":\"2026-03-01T09:30:00.000Z\"}");
    expect(
        approved(NONE, NOW_US, NOW_US + DAY_US),
        "{\"status\":\"incomplete\",\"reasons\":[\"insurance_missing\","
        "\"approval_expiring\"],\"expires_at\":\"2026-03-02T09:30:00.000Z\"}");
}

/* The end itself is over; the warning begins 30 days before, to the moment. */
static void bounds_are_exact(void **state)
{
    const struct {
        int64_t insurance_us;
        Porter__V1__ComplianceStatus status;
    } cases[] = {
        {NOW_US, PORTER__V1__COMPLIANCE_STATUS__COMPLIANCE_STATUS_EXPIRED},
        {NOW_US + 1, PORTER__V1__COMPLIANCE_STATUS__COMPLIANCE_STATUS_EXPIRING},
        {NOW_US + COMPLIANCE_WARNING_US,
         PORTER__V1__COMPLIANCE_STATUS__COMPLIANCE_STATUS_EXPIRING},
        {NOW_US + COMPLIANCE_WARNING_US + 1,
         PORTER__V1__COMPLIANCE_STATUS__COMPLIANCE_STATUS_COMPLIANT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        Porter__V1__Contractor *c =
            approved(cases[i].insurance_us, NOW_US, NONE);

        contractor_assess(c, NOW_US, arena);
        assert_int_equal(c->compliance->status, cases[i].status);
    }
}

static void only_an_approval_expires(void **state)
{
    Porter__V1__Contractor *c = approved(NONE, NONE, NOW_US);

    (void)state;
    contractor_assess(c, NOW_US - 1, arena);
    assert_int_equal(c->status,
                     PORTER__V1__CONTRACTOR_STATUS__CONTRACTOR_STATUS_APPROVED);
    contractor_assess(c, NOW_US, arena);
    assert_int_equal(c->status,
                     PORTER__V1__CONTRACTOR_STATUS__CONTRACTOR_STATUS_EXPIRED);
    c->status = PORTER__V1__CONTRACTOR_STATUS__CONTRACTOR_STATUS_REJECTED;
    contractor_assess(c, NOW_US, arena);
    assert_int_equal(c->status,
                     PORTER__V1__CONTRACTOR_STATUS__CONTRACTOR_STATUS_REJECTED);
}

/* Whenever the answer differs the version differs, and it never goes back. */
static void a_version_is_one_answers(void **state)
{
    Porter__V1__Contractor *c =
        approved(NOW_US, NOW_US - 99 * DAY_US, NOW_US + 10 * DAY_US);
    int64_t version_us = 0;
    size_t changes = 0;

    (void)state;
    for (int64_t at_us = NOW_US - 60 * DAY_US; at_us < NOW_US + 60 * DAY_US;
         at_us += DAY_US / 2) {
        int64_t next_us = contractor_version_us(c, at_us);

        contractor_assess(c, at_us, arena);
        assert_true(next_us >= version_us && next_us <= at_us);
        changes += next_us != version_us;
        version_us = next_us;
    }
    assert_int_equal(changes, 5); /* As read, two warnings, two ends. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(papers_in_order_are_compliant),
        cmocka_unit_test(what_is_missing_makes_them_incomplete),
        cmocka_unit_test(the_worst_reason_decides_and_all_are_told),
        cmocka_unit_test(bounds_are_exact),
        cmocka_unit_test(only_an_approval_expires),
        cmocka_unit_test(a_version_is_one_answers),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

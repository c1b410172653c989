/* Problems: each is complete, findable, and valid JSON and HTML text. */
#include "gateway/problem.h"

#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_problem_is_complete_and_found_by_name(void **state)
{
    (void)state;
    for (size_t p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        const struct problem_row *row = problem_row((enum problem)p);

        assert_non_null(row->name);
        assert_in_range(row->status, 400, 599);
        assert_true(strlen(row->title) > 0);
        assert_true(strlen(row->meaning) > 0);
        assert_true(strlen(row->remedy) > 0);
        assert_int_equal(problem_find(str_of(row->name)), p);
    }
    assert_int_equal(problem_find(STR("no-such-problem")), PROBLEM_NONE);
}

static void errors_have_the_statuses_of_the_contract(void **state)
{
    static const struct {
        enum err_code code;
        unsigned status;
    } cases[] = {
        {ERR_MALFORMED, 400},       {ERR_INVALID, 422},
        {ERR_UNAUTHENTICATED, 401}, {ERR_FORBIDDEN, 403},
        {ERR_NOT_FOUND, 404},       {ERR_CONFLICT, 409},
        {ERR_TOO_LARGE, 413},       {ERR_LIMITED, 429},
        {ERR_UNAVAILABLE, 503},     {ERR_INTERNAL, 500},
        {ERR_UNSUPPORTED, 415},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(problem_row(problem_of_err(cases[i].code))->status,
                         cases[i].status);
    }
}

static void only_our_own_failures_are_worded_by_the_table(void **state)
{
    (void)state;
    assert_true(problem_is_ours(problem_of_err(ERR_INTERNAL)));
    assert_true(problem_is_ours(problem_of_err(ERR_UNAVAILABLE)));
    assert_false(problem_is_ours(problem_of_err(ERR_NOT_FOUND)));
}

static void the_body_says_all_faults(void **state)
{
    struct arena *arena = arena_new(4096);
    struct faults *faults = arena_take(arena, sizeof *faults);
    struct problem_report report = {
        .problem = PROBLEM_VALIDATION_FAILED,
        .base_url = STR("https://porter.test"),
        .detail = STR("two \"things\""),
        .instance = STR("req_1"),
        .faults = faults,
    };
    struct buf body = BUF_EMPTY;
    struct json *root = NULL;
    struct err err = ERR_NONE;

    (void)state;
    faults_init(faults, arena);
    (void)fault_add(faults, STR("host.email"), FAULT_BAD_FORMAT, "bad");
    (void)fault_add(faults, STR("phone"), FAULT_TOO_LONG, "long");
    problem_write(&report, &body);
    assert_true(json_read(buf_str(&body), &root, &err));
    assert_true(
        str_eq(json_text(json_find(root, "type")),
               STR("https://porter.test/docs/errors/validation-failed")));
    assert_int_equal(json_int(json_find(root, "status")), 422);
    assert_true(
        str_eq(json_text(json_find(root, "detail")), STR("two \"things\"")));
    assert_true(str_eq(json_text(json_find(root, "instance")), STR("req_1")));
    assert_int_equal(json_count(json_find(root, "errors")), 2);
    assert_true(str_eq(
        json_text(json_find(json_at(json_find(root, "errors"), 0), "code")),
        STR("bad_format")));
    json_free(root);
    buf_free(&body);
    arena_free(arena);
}

static void a_conflict_shows_the_current_state(void **state)
{
    struct problem_report report = {
        .problem = PROBLEM_STATE_CONFLICT,
        .instance = STR("req_1"),
        .current = {.status = STR("checked_in"),
                    .updated_us = 1772357400123456},
    };
    struct buf body = BUF_EMPTY;
    struct json *root = NULL;
    const struct json *current = NULL;
    struct err err = ERR_NONE;

    (void)state;
    problem_write(&report, &body);
    assert_true(json_read(buf_str(&body), &root, &err));
    assert_int_equal(json_int(json_find(root, "status")), 409);
    current = json_find(root, "current");
    assert_non_null(current);
    assert_true(
        str_eq(json_text(json_find(current, "status")), STR("checked_in")));
    assert_true(str_eq(json_text(json_find(current, "updated_at")),
                       STR("2026-03-01T09:30:00.123Z")));
    json_free(root);
    buf_free(&body);
}

static void every_page_names_its_problem(void **state)
{
    (void)state;
    for (size_t p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        struct buf page = BUF_EMPTY;

        problem_page((enum problem)p, &page);
        assert_non_null(
            strstr(buf_cstr(&page), problem_row((enum problem)p)->name));
        buf_free(&page);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_problem_is_complete_and_found_by_name),
        cmocka_unit_test(errors_have_the_statuses_of_the_contract),
        cmocka_unit_test(only_our_own_failures_are_worded_by_the_table),
        cmocka_unit_test(the_body_says_all_faults),
        cmocka_unit_test(a_conflict_shows_the_current_state),
        cmocka_unit_test(every_page_names_its_problem),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

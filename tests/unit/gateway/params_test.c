/* Query parameters: every fault is told, by name; nothing is ignored. */
#include "gateway/params.h"

#include "porter/v1/visitor.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { LIMIT, STATUS, PLACE, SINCE, UNTIL, SEARCH, SORT, COUNT };

static const char *const sort_words[] = {"name", "-created_at", NULL};

static const struct param_row rows[COUNT] = {
    [LIMIT] = {.name = "limit", .kind = PARAM_UINT, .min = 1, .max = 200},
    [STATUS] = {.name = "status",
                .kind = PARAM_ENUM,
                .repeatable = true,
                .is_filter = true,
                .words_of = &porter__v1__visitor_status__descriptor},
    [PLACE] = {.name = "location_id",
               .kind = PARAM_ID,
               .is_filter = true,
               .id_kind = ID_LOCATION},
    [SINCE] = {.name = "created_from", .kind = PARAM_TIME, .is_filter = true},
    [UNTIL] = {.name = "created_to",
               .kind = PARAM_TIME,
               .from = "created_from",
               .is_filter = true},
    [SEARCH] = {.name = "q",
                .kind = PARAM_TEXT,
                .is_filter = true,
                .min = 1,
                .max = 5},
    [SORT] = {.name = "sort",
              .kind = PARAM_WORD,
              .is_filter = true,
              .words = sort_words,
              .preset = 1U << 1},
};
static const struct param_table table = {rows, COUNT};

struct result {
    struct arena *arena;
    struct query query;
    struct faults faults;
    struct param_value values[COUNT];
    bool ok;
};

static struct result *ask(const char *text)
{
    static struct result r;
    struct err err = ERR_NONE;

    arena_free(r.arena);
    r.arena = arena_new(4096);
    faults_init(&r.faults, r.arena);
    assert_true(query_read(str_of(text), r.arena, &r.query, &err));
    r.ok = params_read(&table, &r.query, &r.faults, r.values);
    return &r;
}

static void good_values_are_read(void **state)
{
    struct result *r = ask("limit=7&status=expected&status=checked_in&q=a+b"
                           "&created_from=2026-03-01T00:00:00Z");

    (void)state;
    assert_true(r->ok);
    assert_int_equal(r->values[LIMIT].number, 7);
    assert_int_equal(
        r->values[STATUS].bits,
        1U << PORTER__V1__VISITOR_STATUS__VISITOR_STATUS_EXPECTED |
            1U << PORTER__V1__VISITOR_STATUS__VISITOR_STATUS_CHECKED_IN);
    assert_true(str_eq(r->values[SEARCH].text, STR("a b")));
    assert_true(r->values[SINCE].number == 1772323200000000LL);
    assert_false(r->values[PLACE].is_set);
}

#define FOUR "status=expected&status=no_show&status=expected&status=expected"
#define REPEATED FOUR "&" FOUR "&" FOUR "&" FOUR

static void what_may_be_repeated_may_be_so_sixteen_times(void **state)
{
    (void)state;
    assert_int_equal(PARAM_REPEAT_MAX, 16);
    assert_true(ask(REPEATED)->ok);
}

static void a_bad_value_is_named(void **state)
{
    static const struct {
        const char *query;
        const char *field;
        enum fault_code code;
    } cases[] = {
        {"limit=0", "limit", FAULT_OUT_OF_RANGE},
        {"limit=201", "limit", FAULT_OUT_OF_RANGE},
        {"limit=-1", "limit", FAULT_OUT_OF_RANGE},
        {"limit=1e3", "limit", FAULT_OUT_OF_RANGE},
        {"limit=", "limit", FAULT_OUT_OF_RANGE},
        {"limit=99999999999999999999", "limit", FAULT_OUT_OF_RANGE},
        {"limit=1&limit=2", "limit", FAULT_DUPLICATE_FIELD},
        {"status=here", "status", FAULT_NOT_ALLOWED},
        {"status=EXPECTED", "status", FAULT_NOT_ALLOWED},
        {"status=", "status", FAULT_NOT_ALLOWED},
        {"location_id=vis_01", "location_id", FAULT_BAD_FORMAT},
        {"created_from=yesterday", "created_from", FAULT_BAD_FORMAT},
        {"q=", "q", FAULT_TOO_SHORT},
        {"q=abcdef", "q", FAULT_TOO_LONG},
        {"q=a%0Ab", "q", FAULT_BAD_CHARACTER},
        {"sort=created_at", "sort", FAULT_NOT_ALLOWED},
        {"colour=red", "colour", FAULT_UNKNOWN_FIELD},
        {REPEATED "&status=expected", "status", FAULT_TOO_MANY},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct result *r = ask(cases[i].query);

        assert_false(r->ok);
        assert_int_equal(r->faults.count, 1);
        assert_true(str_eq(r->faults.list[0].field, str_of(cases[i].field)));
        assert_int_equal(r->faults.list[0].code, cases[i].code);
    }
}

static void a_near_miss_is_told_the_right_name(void **state)
{
    struct result *r = ask("staus=expected");

    (void)state;
    assert_int_equal(r->faults.count, 1);
    assert_string_equal(r->faults.list[0].detail.data,
                        "there is no such parameter; did you mean 'status'?");
    r = ask("LIMIT=3");
    assert_string_equal(r->faults.list[0].detail.data,
                        "there is no such parameter; did you mean 'limit'?");
}

static void what_is_near_to_none_is_told_all_there_are(void **state)
{
    struct result *r = ask("colour=red");

    (void)state;
    assert_string_equal(r->faults.list[0].detail.data,
                        "there is no such parameter; send only: limit, "
                        "status, location_id, created_from, created_to, q, "
                        "sort");
    r = ask("=x");
    assert_int_equal(r->faults.list[0].field.len, 0);
    assert_string_equal(r->faults.list[0].detail.data,
                        "has a parameter without a name: write name=value");
}

static void all_faults_are_told_at_once(void **state)
{
    struct result *r = ask("limit=0&colour=red&sort=up&q=");

    (void)state;
    assert_false(r->ok);
    assert_int_equal(r->faults.count, 4);
}

static struct str canonical(const char *text, struct buf *out)
{
    struct result *r = ask(text);

    assert_true(r->ok);
    buf_clear(out);
    params_canonical(&table, r->values, out);
    return buf_str(out);
}

#define NOON "2026-03-01T12:00:00Z"
#define ONE "2026-03-01T13:00:00Z"

static void a_range_must_not_end_before_it_begins(void **state)
{
    struct result *r = ask("created_from=" ONE "&created_to=" NOON);

    (void)state;
    assert_false(r->ok);
    assert_int_equal(r->faults.count, 1);
    assert_true(str_eq(r->faults.list[0].field, STR("created_to")));
    assert_int_equal(r->faults.list[0].code, FAULT_OUT_OF_RANGE);

    assert_true(ask("created_from=" NOON "&created_to=" ONE)->ok);
    assert_true(ask("created_from=" NOON "&created_to=" NOON)->ok);
    assert_true(ask("created_to=" NOON)->ok);
}

static void the_same_question_is_canonically_the_same(void **state)
{
    struct buf one = BUF_EMPTY;
    struct buf two = BUF_EMPTY;

    (void)state;
    assert_true(
        str_eq(canonical("status=expected&status=no_show&limit=3"
                         "&created_from=2026-03-01T01:00:00%2B01:00",
                         &one),
               canonical("created_from=2026-03-01T00:00:00Z&status=no_show"
                         "&status=expected",
                         &two)));
    assert_false(str_eq(canonical("q=a", &one), canonical("q=b", &two)));
    assert_false(str_eq(canonical("", &one), canonical("q=b", &two)));
    assert_true(
        str_eq(canonical("", &one), canonical("sort=-created_at", &two)));
    assert_false(str_eq(canonical("", &one), canonical("sort=name", &two)));
    buf_free(&one);
    buf_free(&two);
}

static void the_next_query_asks_the_same_with_the_cursor(void **state)
{
    struct result *r = ask("q=a%26b&limit=3&status=expected&status=no_show");
    struct buf next = BUF_EMPTY;

    (void)state;
    params_query(&table, r->values, STR("CUR"), &next);
    assert_string_equal(buf_cstr(&next), "limit=3&status=expected&"
                                         "status=no_show&q=a%26b&cursor=CUR");
    buf_free(&next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_values_are_read),
        cmocka_unit_test(what_may_be_repeated_may_be_so_sixteen_times),
        cmocka_unit_test(a_bad_value_is_named),
        cmocka_unit_test(a_near_miss_is_told_the_right_name),
        cmocka_unit_test(what_is_near_to_none_is_told_all_there_are),
        cmocka_unit_test(all_faults_are_told_at_once),
        cmocka_unit_test(a_range_must_not_end_before_it_begins),
        cmocka_unit_test(the_same_question_is_canonically_the_same),
        cmocka_unit_test(the_next_query_asks_the_same_with_the_cursor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

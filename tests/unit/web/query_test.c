/* Names and values come out as they were before they were escaped. */
#include "web/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static bool read_text(const char *raw, struct arena *arena, struct query *q)
{
    struct err err = ERR_NONE;

    return query_read(str_of(raw), arena, q, &err);
}

static void reads_names_and_values_in_order(void **state)
{
    static struct query q;
    struct arena *arena = arena_new(1024);

    (void)state;
    assert_true(read_text("a=1&&b=x+y%2Bz&%61=%C3%A4&c&d=", arena, &q));
    assert_int_equal(q.count, 5);
    assert_true(str_eq(q.params[0].value, STR("1")));
    assert_true(str_eq(q.params[1].value, STR("x y+z")));
    assert_true(str_eq(q.params[2].name, STR("a")));
    assert_true(str_eq(q.params[2].value, STR("\xc3\xa4")));
    assert_true(str_eq(q.params[3].name, STR("c")));
    assert_int_equal(q.params[3].value.len, 0);
    assert_int_equal(q.params[4].value.len, 0);
    arena_free(arena);
}

static void an_escaped_separator_does_not_separate(void **state)
{
    static struct query q;
    struct arena *arena = arena_new(1024);

    (void)state;
    assert_true(read_text("a%3D%26=b%3Dc%26d=e", arena, &q));
    assert_int_equal(q.count, 1);
    assert_true(str_eq(q.params[0].name, STR("a=&")));
    assert_true(str_eq(q.params[0].value, STR("b=c&d=e")));
    arena_free(arena);
}

static void no_query_is_no_parameters(void **state)
{
    static struct query q = {.count = 7};
    struct arena *arena = arena_new(1024);
    struct err err = ERR_NONE;

    (void)state;
    assert_true(query_read(STR_NONE, arena, &q, &err));
    assert_int_equal(q.count, 0);
    arena_free(arena);
}

static void refuses_what_is_not_text(void **state)
{
    static const char *const cases[] = {"a=%",   "a=%4",   "a=%g1",
                                        "%=1",   "a=%00",  "a=%ff",
                                        "%C3=1", "a=\xff", "a=%ED%A0%80"};
    static struct query q;
    struct arena *arena = arena_new(1024);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_false(read_text(cases[i], arena, &q));
    }
    arena_free(arena);
}

static void takes_40_parameters_and_no_more(void **state)
{
    static struct query q;
    struct arena *arena = arena_new(1024);
    struct buf raw = BUF_EMPTY;

    (void)state;
    for (size_t i = 0; i < QUERY_PARAMS_MAX; i++) {
        BUF_ADD(&raw, "a=1&");
    }
    assert_true(read_text(buf_cstr(&raw), arena, &q));
    assert_int_equal(q.count, QUERY_PARAMS_MAX);
    BUF_ADD(&raw, "a");
    assert_false(read_text(buf_cstr(&raw), arena, &q));
    buf_free(&raw);
    arena_free(arena);
}

static void what_is_escaped_reads_back(void **state)
{
    static struct query q;
    struct arena *arena = arena_new(1024);
    struct str value = STR("a b+c&d=e%/?\xc3\xa4~-._");
    struct buf raw = BUF_EMPTY;

    (void)state;
    BUF_ADD(&raw, "v=");
    query_escape(&raw, value);
    assert_true(read_text(buf_cstr(&raw), arena, &q));
    assert_true(str_eq(q.params[0].value, value));
    buf_free(&raw);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names_and_values_in_order),
        cmocka_unit_test(an_escaped_separator_does_not_separate),
        cmocka_unit_test(no_query_is_no_parameters),
        cmocka_unit_test(refuses_what_is_not_text),
        cmocka_unit_test(takes_40_parameters_and_no_more),
        cmocka_unit_test(what_is_escaped_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

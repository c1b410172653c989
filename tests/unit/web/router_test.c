/* A path finds its one row; a wrong method learns the right ones. */
#include "web/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct route routes[] = {
    {WEB_GET, "/", "root"},
    {WEB_GET, "/visitors", "list"},
    {WEB_POST, "/visitors/pre-register", "pre-register"},
    {WEB_GET, "/visitors/{id}", "visitor"},
    {WEB_POST, "/visitors/{id}/check-in", "check-in"},
    {WEB_DELETE, "/webhooks/{id}", "delete"},
    {WEB_PATCH, "/webhooks/{id}", "patch"},
    {WEB_POST, "/webhooks/{id}/deliveries/{delivery}/retry", "retry"},
};

static void finds_its_row(void **state)
{
    static const struct {
        enum web_method method;
        const char *path;
        const char *row; /* NULL: none */
        const char *value;
    } cases[] = {
        {WEB_GET, "/", "root", NULL},
        {WEB_GET, "/visitors", "list", NULL},
        {WEB_GET, "/visitors/vis_1", "visitor", "vis_1"},
        {WEB_POST, "/visitors/pre-register", "pre-register", NULL},
        {WEB_POST, "/visitors/vis_1/check-in", "check-in", "vis_1"},
        /* The literal leads nowhere here: the value takes its place. */
        {WEB_POST, "/visitors/pre-register/check-in", "check-in",
         "pre-register"},
        {WEB_POST, "/webhooks/a/deliveries/b/retry", "retry", "a"},
        {WEB_GET, "/visitors/", NULL, NULL},
        {WEB_GET, "//visitors", NULL, NULL},
        {WEB_GET, "/visitor", NULL, NULL},
        {WEB_GET, "/visitors/a/b", NULL, NULL},
        {WEB_GET, "/visitors/{id}/x", NULL, NULL},
        {WEB_GET, "visitors", NULL, NULL},
        {WEB_GET, "", NULL, NULL},
    };
    struct router *r = router_new(routes, COUNT_OF(routes));

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct route_match m =
            router_find(r, cases[i].method, str_of(cases[i].path));
        assert_int_equal(m.route != NULL, cases[i].row != NULL);
        if (m.route != NULL) {
            assert_string_equal(m.route->row, cases[i].row);
        }
        assert_int_equal(m.value_count > 0, cases[i].value != NULL);
        if (cases[i].value != NULL) {
            assert_true(str_eq(m.values[0], str_of(cases[i].value)));
        }
    }
    router_free(r);
}

static void gives_values_in_order(void **state)
{
    struct router *r = router_new(routes, COUNT_OF(routes));
    struct route_match m =
        router_find(r, WEB_POST, STR("/webhooks/a/deliveries/b/retry"));

    (void)state;
    assert_int_equal(m.value_count, 2);
    assert_true(str_eq(m.values[0], STR("a")));
    assert_true(str_eq(m.values[1], STR("b")));
    router_free(r);
}

static void a_wrong_method_learns_the_right_ones(void **state)
{
    struct router *r = router_new(routes, COUNT_OF(routes));
    struct route_match m = router_find(r, WEB_GET, STR("/webhooks/a"));
    struct buf allow = BUF_EMPTY;

    (void)state;
    assert_null(m.route);
    router_allow(m.allowed, &allow);
    assert_string_equal(buf_cstr(&allow), "PATCH, DELETE");
    assert_int_equal(router_find(r, WEB_GET, STR("/no")).allowed, 0);
    assert_null(router_find(r, WEB_OTHER, STR("/")).route);
    buf_free(&allow);
    router_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_its_row),
        cmocka_unit_test(gives_values_in_order),
        cmocka_unit_test(a_wrong_method_learns_the_right_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

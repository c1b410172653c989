/* Accept and Accept-Encoding: by name, by "*", and not with a weight of 0. */
#include "gateway/accept.h"

#include "base/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct case_of {
    const char *said;
    bool takes;
};

static void json_is_taken_by_each_range_that_holds_it(void **state)
{
    static const struct case_of cases[] = {
        {"application/json", true},
        {"*/*", true},
        {"text/csv, Application/JSON;q=0.1", true},
        {"application/*; v=1", true},
        {"application/json;q=0, */*", true}, /* By its other range. */
        {"text/html", false},
        {"application/json;q=0", false},
        {"application/json; Q=0.000", false},
        {"*/*;q=0 , application/problem+json", false},
        {"", false},
        {", ;", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(accept_takes_json(str_of(cases[i].said)),
                         cases[i].takes);
    }
}

static void a_coding_is_taken_by_its_name_before_any(void **state)
{
    static const struct case_of cases[] = {
        {"gzip", true},
        {"br, x-gzip", true},
        {"br;q=1.0, gzip;q=0.5", true},
        {"*", true},
        {"gzip;q=0, *", false},
        {"*, gzip; q=0.0", false},
        {"*;q=0", false},
        {"identity", false},
        {"gzip;q=0.001", true},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(
            accept_takes_coding(str_of(cases[i].said), STR("gzip")),
            cases[i].takes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_taken_by_each_range_that_holds_it),
        cmocka_unit_test(a_coding_is_taken_by_its_name_before_any),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

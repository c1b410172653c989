/* What each role may: as much as the one before, and more. */
#include "gateway/dashboard/role.h"

#include "store/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void each_role_has_what_the_one_before_has(void **state)
{
    (void)state;
    for (unsigned r = 1; r < ROLE_COUNT; r++) {
        unsigned less = role_rights((enum role)(r - 1));

        assert_int_equal(role_rights((enum role)r) & less, less);
    }
}

static void a_viewer_reads_every_resource_and_writes_none(void **state)
{
    const unsigned rights = role_rights(ROLE_VIEWER);

    (void)state;
    for (unsigned i = 0; i < KEY_SCOPE_COUNT; i++) {
        struct str word = str_of(key_scope_words[i]);
        bool is_read =
            str_eq((struct str){word.data + word.len - 5, 5}, STR(":read"));

        assert_int_equal((rights & (1U << i)) != 0, is_read);
    }
    assert_int_equal(rights & RIGHT_ALL, 0);
}

static void the_front_desk_writes_people_on_site_and_no_webhooks(void **state)
{
    const unsigned more =
        role_rights(ROLE_FRONT_DESK) & ~role_rights(ROLE_VIEWER);

    (void)state;
    assert_int_equal(more, SCOPE_VISITORS_WRITE | SCOPE_CONTRACTORS_WRITE |
                               SCOPE_EVACUATIONS_WRITE);
}

static void administrators_have_all_but_owners(void **state)
{
    (void)state;
    assert_int_equal(role_rights(ROLE_ADMIN), SCOPE_ALL | RIGHT_ALL);
    for (unsigned r = 0; r < ROLE_COUNT; r++) {
        const enum role role = (enum role)r;

        assert_true(role_may_give(ROLE_OWNER, role));
        assert_int_equal(role_may_give(ROLE_ADMIN, role), role != ROLE_OWNER);
        assert_false(role_may_give(ROLE_FRONT_DESK, role));
        assert_false(role_may_give(ROLE_VIEWER, role));
    }
}

static void a_word_is_one_role(void **state)
{
    enum role role = ROLE_COUNT;

    (void)state;
    for (unsigned r = 0; r < ROLE_COUNT; r++) {
        assert_true(role_read(str_of(role_words[r]), &role));
        assert_int_equal(role, r);
    }
    assert_false(role_read(STR("Owner"), &role));
    assert_false(role_read(STR(""), &role));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_role_has_what_the_one_before_has),
        cmocka_unit_test(a_viewer_reads_every_resource_and_writes_none),
        cmocka_unit_test(the_front_desk_writes_people_on_site_and_no_webhooks),
        cmocka_unit_test(administrators_have_all_but_owners),
        cmocka_unit_test(a_word_is_one_role),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

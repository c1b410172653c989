/* Load: who has how much of the memory, and may have. */
#include "dispatcher/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define MAX 400
#define CLAIMS (MAX / LOAD_CLAIMS_PART)
#define BYTES 1000

static struct load load;

static struct job *job_of(uint8_t org, bool is_claimed)
{
    const struct body body = {.load = &load, .org_id = {{org}}};

    return job_new(&load, is_claimed, body_new(&body), NULL, NULL);
}

/* As many as it may have, into out; how many. */
static size_t fill(uint8_t org, bool is_claimed, struct job_list *out)
{
    const struct id org_id = {{org}};
    size_t count = 0;

    while (is_claimed ? load_has_claims(&load, org_id)
                      : load_has_room(&load, org_id)) {
        job_list_add(out, job_of(org, is_claimed));
        count++;
    }
    return count;
}

static void clear(struct job_list *jobs)
{
    struct job *j = NULL;

    while ((j = job_list_take(jobs)) != NULL) {
        job_free(j);
    }
}

static void an_organization_always_leaves_room_to_others(void **state)
{
    struct job_list jobs = {0};

    (void)state;
    assert_int_equal(fill(1, false, &jobs), MAX / 4 * 3);
    assert_int_equal(fill(2, false, &jobs), 75); /* Three times what is left. */
    assert_int_equal(fill(3, false, &jobs), 19);
    assert_int_equal(fill(1, false, &jobs), 0);
    clear(&jobs);
    assert_int_equal(fill(2, false, &jobs), MAX / 4 * 3);
    clear(&jobs);
    assert_int_equal(load.jobs, 0);
}

static void an_organization_claims_no_more_than_is_left(void **state)
{
    struct job_list jobs = {0};

    (void)state;
    assert_int_equal(load_claims_left(&load), CLAIMS / 2);
    assert_int_equal(fill(1, true, &jobs), CLAIMS / 2);
    assert_int_equal(fill(2, true, &jobs), CLAIMS / 4);
    clear(&jobs);
    assert_int_equal(fill(2, true, &jobs), CLAIMS / 2);
    clear(&jobs);
    assert_int_equal(load.claims, 0);
}

static void bytes_are_shared_as_well(void **state)
{
    const struct id one = {{1}};
    const struct id other = {{2}};

    (void)state;
    load_add_bytes(&load, one, BYTES / 4 * 3);
    assert_false(load_has_room(&load, one));
    assert_false(load_has_claims(&load, one));
    assert_true(load_has_room(&load, other));
    assert_false(load_is_full(&load));
    load_add_bytes(&load, other, BYTES / 4);
    assert_true(load_is_full(&load));
    assert_int_equal(load_claims_left(&load), 0);
    load_drop_bytes(&load, one, BYTES / 4 * 3);
    assert_true(load_has_room(&load, one));
    load_drop_bytes(&load, other, BYTES / 4);
}

/* Whatever number of deliveries it has. */
static void a_body_counts_once(void **state)
{
    const struct body from = {.load = &load, .bytes = STR("12345")};
    struct body *body = body_new(&from);

    (void)state;
    struct job *first = job_new(&load, false, body_hold(body), NULL, NULL);
    struct job *second = job_new(&load, false, body, NULL, NULL);
    assert_int_equal(load.bytes, 5);
    job_free(first);
    assert_int_equal(load.bytes, 5);
    job_free(second);
    assert_int_equal(load.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_organization_always_leaves_room_to_others),
        cmocka_unit_test(an_organization_claims_no_more_than_is_left),
        cmocka_unit_test(bytes_are_shared_as_well),
        cmocka_unit_test(a_body_counts_once),
    };

    load_init(&load, MAX, BYTES);
    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}

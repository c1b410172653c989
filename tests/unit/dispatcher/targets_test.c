/* Which organizations' sets are kept when they share a row of the cache. */
#include "dispatcher/targets.h"

#include "../store/support.h"

#define SHARING (TARGETS_ROW + 1)

/* Organizations that nobody knows: their empty sets are kept like any other. */
static struct id orgs[SHARING];
static struct target_set *sets[SHARING]; /* Held, so that none comes again. */

static void find_sharing(void)
{
    const uint64_t rows = TARGETS_ORGS_MAX / TARGETS_ROW;
    struct id id = {{1}};
    size_t count = 0;

    for (uint32_t i = 0; count < SHARING; i++) {
        memcpy(id.bytes + 8, &i, sizeof i);
        if (id_hash(id) % rows == 0) {
            orgs[count++] = id;
        }
    }
}

/* Is it still the set that was taken first? */
static bool is_kept(struct targets *cache, size_t i)
{
    struct target_set *now = NULL;
    struct err err = ERR_NONE;

    must(targets_take(cache, orgs[i], 0, &now, &err), &err);
    bool is_same = now == sets[i];
    target_set_release(sets[i]);
    sets[i] = now;
    return is_same;
}

static void orgs_that_share_a_row_are_kept_until_it_is_full(void **state)
{
    const struct seal_keys keys = {.count = 0};
    struct targets *cache = targets_new(t.db, &keys);

    (void)state;
    find_sharing();
    for (size_t i = 0; i < TARGETS_ROW; i++) {
        assert_false(is_kept(cache, i));
    }
    for (size_t i = 0; i < TARGETS_ROW; i++) {
        assert_true(is_kept(cache, i));
    }
    assert_false(
        is_kept(cache, TARGETS_ROW)); /* One more than there is room. */
    for (size_t i = 1; i < SHARING; i++) {
        assert_true(is_kept(cache, i));
    }
    assert_false(is_kept(cache, 0)); /* It was the oldest. */
    targets_free(cache);
}

static void who_is_forgotten_leaves_the_others_where_they_are(void **state)
{
    const struct seal_keys keys = {.count = 0};
    struct targets *cache = targets_new(t.db, &keys);

    (void)state;
    for (size_t i = 0; i < TARGETS_ROW; i++) {
        assert_false(is_kept(cache, i));
    }
    targets_forget(cache, orgs[0]);
    targets_forget(cache, orgs[TARGETS_ROW]); /* Who is not there. */
    for (size_t i = 1; i < TARGETS_ROW; i++) {
        assert_true(is_kept(cache, i));
    }
    targets_forget(cache, orgs[1]); /* Behind the gap. */
    assert_false(is_kept(cache, 1));
    assert_false(is_kept(cache, 0));
    for (size_t i = 0; i < TARGETS_ROW; i++) {
        assert_true(is_kept(cache, i));
        target_set_release(sets[i]);
        sets[i] = NULL;
    }
    target_set_release(sets[TARGETS_ROW]);
    targets_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orgs_that_share_a_row_are_kept_until_it_is_full),
        cmocka_unit_test(who_is_forgotten_leaves_the_others_where_they_are),
    };

    return RUN_WITH_STORE(tests);
}

/* Sharing shards among relays. PostgreSQL's locks (store/outbox.h) are played
 * by this file. */
#include "gateway/relay_share.h"

#include "base/clock.h"
#include "gateway/relay.h"
#include "store/event.h"
#include "store/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define ALL ((1U << OUTBOX_SHARDS) - 1)

static struct {
    unsigned relays;
    unsigned held_by_others; /* Bits. */
    unsigned told;           /* Bits given to outbox_notify. */
    bool is_away;
} locks;

bool outbox_relays(struct db_session *s, unsigned *count, struct err *err)
{
    (void)s;
    *count = locks.relays;
    return !locks.is_away || err_set(err, ERR_UNAVAILABLE, "away");
}

bool outbox_lock(struct db_session *s, unsigned shard, bool *taken,
                 struct err *err)
{
    (void)s, (void)err;
    *taken = (locks.held_by_others & 1U << shard) == 0;
    return true;
}

bool outbox_unlock(struct db_session *s, unsigned shard, struct err *err)
{
    (void)s, (void)shard, (void)err;
    return true;
}

bool outbox_notify(struct db_session *s, unsigned shards, struct err *err)
{
    (void)s, (void)err;
    locks.told |= shards;
    return true;
}

static struct share turned(struct share s)
{
    struct err err = ERR_NONE;

    assert_true(share_count(&s, NULL, 1, &err));
    assert_true(share_move(&s, NULL, &err));
    return s;
}

static struct share fresh(unsigned relays, unsigned held_by_others)
{
    struct share s;

    locks.relays = relays;
    locks.held_by_others = held_by_others;
    locks.told = 0;
    locks.is_away = false;
    share_forget(&s);
    return s;
}

static unsigned count_of(unsigned bits)
{
    return (unsigned)__builtin_popcount(bits);
}

static void one_relay_takes_all(void **state)
{
    (void)state;
    assert_int_equal(turned(fresh(1, 0)).owned, ALL);
}

static void a_share_is_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(count_of(turned(fresh(2, 0)).owned), OUTBOX_SHARDS / 2);
    assert_int_equal(count_of(turned(fresh(3, 0)).owned), 6);
    assert_int_equal(count_of(turned(fresh(OUTBOX_SHARDS + 1, 0)).owned), 1);
}

static void what_others_hold_is_not_taken(void **state)
{
    (void)state;
    assert_int_equal(turned(fresh(2, 0x00ff)).owned, 0xff00);
    assert_int_equal(turned(fresh(2, 0x0fff)).owned, 0xf000);
}

static void a_newcomer_is_given_what_is_too_much_and_told(void **state)
{
    struct share s = turned(fresh(1, 0));

    (void)state;
    assert_false(share_is_too_much(&s));
    locks.relays = 2;
    s = turned(s);
    assert_int_equal(s.owned, 0x00ff);
    assert_false(share_is_too_much(&s));
    s.owned |= 1U << 15;
    assert_true(share_is_too_much(&s));
    assert_int_equal(locks.told, 0xff00);
}

static void an_owner_who_has_its_share_says_nothing(void **state)
{
    struct share s = turned(fresh(2, 0));
    unsigned owned = s.owned;

    (void)state;
    s = turned(s);
    assert_int_equal(s.owned, owned);
    assert_int_equal(locks.told, 0);
}

static void a_lost_neighbour_is_told(void **state)
{
    struct share s = fresh(1, 0);
    struct err err = ERR_NONE;

    (void)state;
    locks.is_away = true;
    assert_false(share_count(&s, NULL, 1, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_int_equal(s.owned, 0);
}

static void it_is_due_at_once_then_each_second(void **state)
{
    struct share s = fresh(1, 0);

    (void)state;
    assert_true(share_is_due(&s, 0));
    s = turned(s);
    assert_false(share_is_due(&s, RELAY_SHARE_MS * US_PER_MS));
    assert_true(share_is_due(&s, 1 + RELAY_SHARE_MS * US_PER_MS));
}

static void hearing_of_what_is_lacked_makes_it_due_sooner(void **state)
{
    struct share lacking = turned(fresh(2, 0xfff0));
    struct share full = turned(fresh(2, 0x00ff));

    (void)state;
    share_hear(&full, 0x00f0);
    assert_false(full.is_wanted);
    share_hear(&lacking, lacking.owned);
    assert_false(lacking.is_wanted);
    share_hear(&lacking, 0x00f0);
    assert_true(lacking.is_wanted);
    assert_true(share_is_due(&lacking, 1 + 200 * US_PER_MS));
    assert_false(share_is_due(&lacking, 200 * US_PER_MS));
}

static void the_list_is_of_owned_shards_that_are_asked_for(void **state)
{
    struct share s = turned(fresh(2, 0x00ff));
    int64_t list[OUTBOX_SHARDS];

    (void)state;
    assert_int_equal(share_list(&s, 0x8101, list), 2);
    assert_int_equal(list[0], 8);
    assert_int_equal(list[1], 15);
    share_forget(&s);
    assert_int_equal(share_list(&s, ALL, list), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_relay_takes_all),
        cmocka_unit_test(a_share_is_rounded_up),
        cmocka_unit_test(what_others_hold_is_not_taken),
        cmocka_unit_test(a_newcomer_is_given_what_is_too_much_and_told),
        cmocka_unit_test(an_owner_who_has_its_share_says_nothing),
        cmocka_unit_test(a_lost_neighbour_is_told),
        cmocka_unit_test(it_is_due_at_once_then_each_second),
        cmocka_unit_test(hearing_of_what_is_lacked_makes_it_due_sooner),
        cmocka_unit_test(the_list_is_of_owned_shards_that_are_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

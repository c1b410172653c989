/* Which calls share a trip while connections are free, and which never wait. */
#include "support.h"

#include <pthread.h>

#define POOL_SIZE 8
#define SHARE 2 /* Of POOL_SIZE, for calls that gather. */
#define ROUNDS 200
#define CALLS ((uint64_t)POOL_SIZE * ROUNDS)

/* clang-format off */
static const struct sql
    one = {"gt_one", "SELECT 1", 0, true},
    one_apart = {"gt_one_apart", "SELECT 1", 0, false},
    stuck = {"gt_stuck", "SELECT pg_advisory_xact_lock_shared(7701)", 0, true},
    hold = {"gt_hold", "SELECT pg_advisory_lock(7701)", 0, false};
/* clang-format on */

struct caller {
    pthread_t thread;
    struct db *pool;
    const struct sql *sql;
    int rounds;
    int good;
};

static void *call(void *user)
{
    struct caller *c = user;
    struct err err = ERR_NONE;

    for (int i = 0; i < c->rounds; i++) {
        c->good += db_run(c->pool, c->sql, ARGS_NONE, NULL, &err) ? 1 : 0;
    }
    return NULL;
}

static struct db *open_pool(void)
{
    struct db_options opts = test_options();
    struct db *pool = NULL;
    struct err err = ERR_NONE;

    opts.pool_size = POOL_SIZE;
    must(db_open(&opts, &pool, &err), &err);
    return pool;
}

static void start(struct caller *callers, size_t count, const struct caller *as)
{
    for (size_t i = 0; i < count; i++) {
        callers[i] = *as;
        assert_int_equal(
            pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
}

static void join(struct caller *callers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].good, callers[i].rounds);
    }
}

/* Trips of as many threads as there are connections. */
static uint64_t trips_of(const struct sql *sql)
{
    struct db *pool = open_pool();
    struct caller callers[POOL_SIZE];
    uint64_t trips = 0;

    start(callers, POOL_SIZE,
          &(struct caller){.pool = pool, .sql = sql, .rounds = ROUNDS});
    join(callers, POOL_SIZE);
    assert_int_equal(db_stats(pool).statements, CALLS);
    trips = db_stats(pool).batches;
    db_close(pool);
    return trips;
}

static void marked_calls_gather(void **state)
{
    (void)state;
    assert_true(trips_of(&one) < CALLS);
}

static void other_calls_take_any_free_connection(void **state)
{
    (void)state;
    assert_int_equal(trips_of(&one_apart), CALLS);
}

/* The share is stuck behind a lock that this test lets go of last. */
static void a_slow_trip_keeps_nobody_from_the_other_connections(void **state)
{
    const struct db_options opts = test_options();
    struct db *pool = open_pool();
    struct caller slow[SHARE];
    struct db_session *holder = NULL;
    struct err err = ERR_NONE;
    struct tx *tx = NULL;

    (void)state;
    must(session_open(&opts, &holder, &err), &err);
    must(session_run(holder, &hold, ARGS_NONE, NULL, &err), &err);
    start(slow, SHARE,
          &(struct caller){.pool = pool, .sql = &stuck, .rounds = 1});
    while (db_stats(pool).busy < SHARE) {
    }
    must(db_run(pool, &one, ARGS_NONE, NULL, &err), &err);
    must(db_run(pool, &one_apart, ARGS_NONE, NULL, &err), &err);
    must(tx_begin(pool, &tx, &err), &err);
    must(tx_run(tx, &one, ARGS_NONE, NULL, &err), &err);
    tx_end(tx);
    assert_int_equal(db_stats(pool).busy, SHARE);
    session_close(holder); /* And with it the lock. */
    join(slow, SHARE);
    assert_int_equal(db_stats(pool).batches, SHARE + 2);
    db_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marked_calls_gather),
        cmocka_unit_test(other_calls_take_any_free_connection),
        cmocka_unit_test(a_slow_trip_keeps_nobody_from_the_other_connections),
    };

    return RUN_WITH_SERVER(tests, NULL, NULL);
}

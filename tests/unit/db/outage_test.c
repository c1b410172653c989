/* The server goes away under load: every waiting caller hears of it in time,
 * and the pool is healthy again by itself.
 *
 * The test starts no server. It ends every backend of the pool, as a restart
 * does, and for a server that is away it uses a port where nobody listens. */
#include "support.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 16
#define RUN_US 2000000

static const struct sql nap = {"ot_nap", "SELECT pg_sleep(0.002)", 0, false};
static const struct sql one = {"ot_one", "SELECT $1::bigint", 1, true};

static struct db *db;
static _Atomic bool is_over;
static _Atomic unsigned answered, unavailable, others;

static void *load(void *user)
{
    struct err err = ERR_NONE;

    (void)user;
    for (unsigned i = 0; !atomic_load(&is_over); i++) {
        const bool ok = i % 2 == 0
                            ? db_run(db, &nap, ARGS_NONE, NULL, &err)
                            : db_run(db, &one, ARGS(ARG_INT(i)), NULL, &err);

        if (ok) {
            (void)atomic_fetch_add(&answered, 1);
        } else if (err.code == ERR_UNAVAILABLE) {
            (void)atomic_fetch_add(&unavailable, 1);
        } else {
            (void)atomic_fetch_add(&others, 1);
        }
    }
    return NULL;
}

static void a_restart_is_unavailable_then_healthy(void **state)
{
    struct db_options opts = test_options();
    pthread_t threads[THREADS];
    struct err err = ERR_NONE;
    int64_t until_us = 0;
    unsigned before = 0;

    (void)state;
    opts.service = "db-outage-test";
    must(db_open(&opts, &db, &err), &err);
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_create(&threads[i], NULL, load, NULL);
    }
    while (atomic_load(&answered) < 1000) {
    }
    script("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
           " WHERE application_name = 'db-outage-test'");
    before = atomic_load(&answered);
    until_us = clock_steady_us() + RUN_US;
    while (clock_steady_us() < until_us &&
           atomic_load(&answered) < before + 1000) {
    }
    atomic_store(&is_over, true);
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&others), 0);
    assert_true(atomic_load(&unavailable) > 0);
    assert_true(atomic_load(&answered) >= before + 1000);
    must(db_ping(db, &err), &err);
    db_close(db);
}

static void a_restart_at_rest_is_not_noticed(void **state)
{
    struct db_options opts = test_options();
    struct err err = ERR_NONE;
    int64_t until_us = 0;

    (void)state;
    opts.service = "db-rest-test";
    must(db_open(&opts, &db, &err), &err);
    must(db_ping(db, &err), &err);
    script("SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
           " WHERE application_name = 'db-rest-test'");
    /* Longer than REST_US: the pool looks before it uses. */
    until_us = clock_steady_us() + 50000;
    while (clock_steady_us() < until_us) {
    }
    must(db_ping(db, &err), &err);
    db_close(db);
}

static void a_server_that_is_away_is_told_at_once(void **state)
{
    struct db_options opts = test_options();
    struct err err = ERR_NONE;
    const int64_t began_us = clock_steady_us();

    (void)state;
    opts.url = "postgresql://nobody@127.0.0.1:1/none";
    opts.reconnect_ms = 10000;
    must(db_open(&opts, &db, &err), &err);
    for (int i = 0; i < 100; i++) {
        assert_false(db_ping(db, &err));
        assert_int_equal(err.code, ERR_UNAVAILABLE);
    }
    /* One attempt for each connection, then no more until they are due. */
    assert_int_equal(db_stats(db).errors, opts.pool_size);
    assert_true(clock_steady_us() - began_us < 1000000);
    db_close(db);
}

static void a_bad_url_is_found_at_start_without_showing_it(void **state)
{
    struct db_options opts = test_options();
    struct err err = ERR_NONE;

    (void)state;
    opts.url = "postgresql://user:geheim@host:port:1/x?nonsense";
    assert_false(db_open(&opts, &db, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_null(strstr(err.text, "geheim"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_is_unavailable_then_healthy),
        cmocka_unit_test(a_restart_at_rest_is_not_noticed),
        cmocka_unit_test(a_server_that_is_away_is_told_at_once),
        cmocka_unit_test(a_bad_url_is_found_at_start_without_showing_it),
    };

    return RUN_WITH_SERVER(tests, NULL, NULL);
}

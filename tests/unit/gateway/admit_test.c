/* Admission on a real Redis. PostgreSQL's part (store/key.h) is played by this
 * file, so that a test decides what the rows say and when. */
#include "gateway/admit.h"

#include "base/clock.h"
#include "base/random.h"
#include "store/keycache.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#define THREADS 64

/* --- the rows ------------------------------------------------------------ */

static struct {
    _Atomic bool is_away;
    _Atomic bool is_live;
    _Atomic int64_t epoch;
    _Atomic unsigned finds;
    struct sha256 hash;
    struct principal who;
} rows;

bool key_find(struct db *db, struct sha256 hash, int64_t now_us, bool *found,
              struct principal *out, struct err *err)
{
    (void)db;
    (void)now_us;
    (void)atomic_fetch_add(&rows.finds, 1);
    if (atomic_load(&rows.is_away)) {
        return err_set(err, ERR_UNAVAILABLE, "away");
    }
    *found = atomic_load(&rows.is_live) &&
             memcmp(&hash, &rows.hash, sizeof hash) == 0;
    if (*found) {
        *out = rows.who;
    }
    return true;
}

static const struct author me = {.actor = {"test", 4}};

bool key_revoke(struct db *db, struct id org_id, struct id key_id,
                struct str reason, const struct author *by, int64_t now_us,
                struct sha256 *hash, struct err *err)
{
    (void)db, (void)org_id, (void)key_id, (void)reason, (void)by;
    (void)now_us, (void)err;
    atomic_store(&rows.is_live, false);
    *hash = rows.hash;
    return true;
}

bool key_epoch(struct db *db, int64_t *epoch, struct err *err)
{
    (void)db;
    *epoch = atomic_load(&rows.epoch);
    return !atomic_load(&rows.is_away) || err_set(err, ERR_UNAVAILABLE, "away");
}

bool key_epoch_bump(struct db *db, struct err *err)
{
    (void)db, (void)err;
    (void)atomic_fetch_add(&rows.epoch, 1);
    return true;
}

/* --- two gateways -------------------------------------------------------- */

struct gateway {
    struct kv *kv;
    struct admit *admit;
};

static struct db *db; /* Never connects. */
static struct gateway one, two;

static void must(bool ok, const struct err *err)
{
    if (!ok) {
        fail_msg("%s: %s", err_code_name(err->code), err->text);
    }
}

static void pause_ms(int64_t ms)
{
    const struct timespec t = {.tv_sec = ms / MS_PER_S,
                               .tv_nsec = ms % MS_PER_S * US_PER_MS * 1000};

    (void)nanosleep(&t, NULL);
}

static struct gateway gateway_open(const char *redis)
{
    const struct kv_options opts = {.url = redis,
                                    .connections = 2,
                                    .batch_max = 64,
                                    .connect_ms = 500,
                                    .timeout_ms = 2000,
                                    .errors_max = 3,
                                    .probe_ms = 100};
    struct admit_options admit_opts = {.db = db, .local_max = 64};
    struct err err = ERR_NONE;
    struct gateway g = {0};

    must(kv_open(&opts, &g.kv, &err), &err);
    admit_opts.kv = g.kv;
    must(admit_open(&admit_opts, &g.admit, &err), &err);
    for (int i = 0; i < 500 && !admit_stats(g.admit).cache_is_trusted; i++) {
        pause_ms(10);
    }
    return g;
}

static void gateway_close(struct gateway *g)
{
    admit_close(g->admit);
    kv_close(g->kv);
}

static const char *redis_url(void)
{
    return getenv("TEST_REDIS_URL");
}

/* A key of its own for each test. */
static int begin(void **state)
{
    const struct db_options opts = {.url = "postgresql://127.0.0.1:1/none",
                                    .service = "test",
                                    .pool_size = 1,
                                    .batch_max = 1,
                                    .connect_ms = 100,
                                    .wait_ms = 100,
                                    .statement_ms = 100,
                                    .reconnect_ms = 100};
    struct err err = ERR_NONE;

    (void)state;
    must(db_open(&opts, &db, &err), &err);
    atomic_store(&rows.is_away, false);
    atomic_store(&rows.is_live, true);
    atomic_store(&rows.finds, 0);
    atomic_store(&rows.epoch, 1);
    random_bytes(&rows.hash, sizeof rows.hash);
    rows.who = (struct principal){.org_id = id_new(),
                                  .key_id = id_new(),
                                  .scopes = SCOPE_ALL,
                                  .rate_limit = 100};
    one = gateway_open(redis_url());
    two = gateway_open(redis_url());
    return 0;
}

static int end(void **state)
{
    (void)state;
    gateway_close(&one);
    gateway_close(&two);
    db_close(db);
    return 0;
}

static struct admission ask_as(struct gateway *g, struct sha256 hash,
                               bool counted)
{
    struct arena *arena = arena_new(512);
    struct admission a = {0};
    struct err err = ERR_NONE;

    must(admit_check(
             g->admit,
             &(struct admit_request){.hash = hash, .is_counted = counted},
             arena, &a, &err),
         &err);
    arena_free(arena);
    return a;
}

static struct admission ask(struct gateway *g)
{
    return ask_as(g, rows.hash, true);
}

/* --- the window ---------------------------------------------------------- */

struct worker {
    pthread_t thread;
    struct gateway *gateway;
    unsigned admitted;
};

static void *hammer(void *user)
{
    struct worker *w = user;

    for (int i = 0; i < 20; i++) {
        w->admitted += ask(w->gateway).verdict == ADMIT_YES ? 1 : 0;
    }
    return NULL;
}

static void exactly_the_limit_is_admitted_over_two_gateways(void **state)
{
    struct worker workers[THREADS] = {0};
    unsigned admitted = 0;

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        workers[i].gateway = i % 2 == 0 ? &one : &two;
        (void)pthread_create(&workers[i].thread, NULL, hammer, &workers[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        admitted += workers[i].admitted;
    }
    assert_int_equal(admitted, 100);
    assert_true(admit_stats(one.admit).by_remembered_denial > 0);
    assert_int_equal(admit_stats(one.admit).by_local_window, 0);
}

static void an_admission_tells_what_is_left(void **state)
{
    struct admission a = {0};

    (void)state;
    assert_int_equal(ask_as(&one, rows.hash, false).remaining, 100);
    a = ask(&one);
    assert_int_equal(a.remaining, 99);
    assert_int_equal(a.limit, 100);
    assert_int_equal(a.reset_ms, ADMIT_WINDOW_MS);
    assert_true(id_eq(a.principal.key_id, rows.who.key_id));
    assert_int_equal(a.principal.scopes, SCOPE_ALL);
    assert_int_equal(ask(&two).remaining, 98);
    a = ask_as(&two, rows.hash, false);
    assert_int_equal(a.remaining, 98);
    assert_in_range(a.reset_ms, 50000, ADMIT_WINDOW_MS);
}

/* Fill the window with admissions that were `age_ms` ago. */
static void fill_window(unsigned count, unsigned age_ms)
{
    static const struct kv_script fill = {
        "fill",
        "local t = redis.call('TIME')"
        " local at = tonumber(t[1]) * 1000000 + tonumber(t[2])"
        " - tonumber(ARGV[2]) * 1000"
        " for i = 1, tonumber(ARGV[1]) do"
        " redis.call('LPUSH', KEYS[1], string.format('%.0f', at)) end"
        " return {1}",
        1, 2};
    char name[2 + 2 * SHA256_BYTES + 1] = "w:";
    char numbers[2][16];
    struct arena *arena = arena_new(256);
    struct kv_reply reply = {0};
    struct err err = ERR_NONE;
    struct str key = STR_NONE;
    struct str args[2];

    for (size_t i = 0; i < SHA256_BYTES; i++) {
        (void)snprintf(name + 2 + 2 * i, 3, "%02x", rows.hash.bytes[i]);
    }
    (void)snprintf(numbers[0], sizeof numbers[0], "%u", count);
    (void)snprintf(numbers[1], sizeof numbers[1], "%u", age_ms);
    key = str_of(name);
    args[0] = str_of(numbers[0]);
    args[1] = str_of(numbers[1]);
    must(kv_eval(one.kv, &fill, &key, args, arena, &reply, &err), &err);
    arena_free(arena);
}

static void who_waits_the_retry_time_is_let_in(void **state)
{
    struct admission first = {0};
    struct admission second = {0};

    (void)state;
    fill_window(100, ADMIT_WINDOW_MS - 300);
    first = ask(&one);
    second = ask(&two);
    assert_int_equal(first.verdict, ADMIT_LIMITED);
    assert_in_range(first.retry_ms, 100, 300);
    assert_int_equal(second.verdict, ADMIT_LIMITED);
    /* Still denied a moment before, by both. */
    pause_ms(first.retry_ms - 50);
    assert_int_equal(ask(&two).verdict, ADMIT_LIMITED);
    pause_ms(50);
    assert_int_equal(ask(&one).verdict, ADMIT_YES);
    assert_int_equal(ask(&two).verdict, ADMIT_YES);
}

static void old_admissions_leave_in_any_number(void **state)
{
    (void)state;
    fill_window(50, ADMIT_WINDOW_MS + 1000);
    fill_window(30, 1000);
    assert_int_equal(ask(&one).remaining, 100 - 30 - 1);
}

/* --- revoking ------------------------------------------------------------ */

static void a_revoked_key_is_refused_at_once(void **state)
{
    struct err err = ERR_NONE;

    (void)state;
    assert_int_equal(ask(&one).verdict, ADMIT_YES);
    assert_int_equal(ask(&two).verdict, ADMIT_YES);
    must(keycache_revoke(db, one.kv, rows.who.org_id, rows.who.key_id,
                         STR("test"), &me, &err),
         &err);
    assert_int_equal(ask(&one).verdict, ADMIT_UNKNOWN);
    assert_int_equal(ask(&two).verdict, ADMIT_UNKNOWN);
}

static void a_tombstone_wins_over_a_fill(void **state)
{
    struct err err = ERR_NONE;

    (void)state;
    must(keycache_revoke(db, one.kv, rows.who.org_id, rows.who.key_id,
                         STR("test"), &me, &err),
         &err);
    /* A reader that saw the row before the revoke. */
    atomic_store(&rows.is_live, true);
    assert_int_equal(ask(&two).verdict, ADMIT_UNKNOWN);
}

static void a_revoke_without_redis_ends_the_cache(void **state)
{
    struct err err = ERR_NONE;

    (void)state;
    assert_int_equal(ask(&one).verdict, ADMIT_YES);
    must(keycache_revoke(db, NULL, rows.who.org_id, rows.who.key_id,
                         STR("test"), &me, &err),
         &err);
    assert_int_equal(ask(&one).verdict, ADMIT_UNKNOWN);
    assert_int_equal(ask(&two).verdict, ADMIT_UNKNOWN);
}

static void the_cache_is_not_believed_without_an_epoch(void **state)
{
    struct arena *arena = arena_new(512);
    struct admission a = {0};
    struct err err = ERR_NONE;

    (void)state;
    assert_int_equal(ask(&one).verdict, ADMIT_YES);
    atomic_store(&rows.is_away, true);
    assert_int_equal(ask(&one).verdict, ADMIT_YES);
    pause_ms(KEY_EPOCH_TRUST_MS);
    assert_false(admit_stats(one.admit).cache_is_trusted);
    assert_false(admit_check(
        one.admit,
        &(struct admit_request){.hash = rows.hash, .is_counted = true}, arena,
        &a, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    arena_free(arena);
}

/* --- unknown, expired, away ---------------------------------------------- */

static void an_unknown_key_asks_postgresql_once_a_second(void **state)
{
    struct sha256 other = rows.hash;

    (void)state;
    other.bytes[0] ^= 1;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(ask_as(&one, other, true).verdict, ADMIT_UNKNOWN);
    }
    assert_int_equal(atomic_load(&rows.finds), 1);
}

static void a_known_key_is_read_once(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(ask(i % 2 == 0 ? &one : &two).verdict, ADMIT_YES);
    }
    assert_int_equal(atomic_load(&rows.finds), 1);
}

static void an_expired_key_is_refused_though_cached(void **state)
{
    (void)state;
    rows.who.expires_at_us = clock_wall_us() + 150 * US_PER_MS;
    assert_int_equal(ask(&one).verdict, ADMIT_YES);
    pause_ms(160);
    assert_int_equal(ask(&one).verdict, ADMIT_UNKNOWN);
}

static void without_redis_the_process_counts(void **state)
{
    struct gateway alone = gateway_open("redis://127.0.0.1:1");
    unsigned admitted = 0;

    (void)state;
    for (int i = 0; i < 150; i++) {
        const struct admission a = ask(&alone);

        admitted += a.verdict == ADMIT_YES ? 1 : 0;
        assert_int_equal(a.limit, 100);
    }
    assert_int_equal(admitted, 100);
    assert_false(admit_stats(alone.admit).redis_is_up);
    /* The denied ones cost PostgreSQL nothing. */
    assert_int_equal(atomic_load(&rows.finds), 101);
    gateway_close(&alone);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(exactly_the_limit_is_admitted_over_two_gateways),
        CASE(an_admission_tells_what_is_left),
        CASE(who_waits_the_retry_time_is_let_in),
        CASE(old_admissions_leave_in_any_number),
        CASE(a_revoked_key_is_refused_at_once),
        CASE(a_tombstone_wins_over_a_fill),
        CASE(a_revoke_without_redis_ends_the_cache),
        CASE(the_cache_is_not_believed_without_an_epoch),
        CASE(an_unknown_key_asks_postgresql_once_a_second),
        CASE(a_known_key_is_read_once),
        CASE(an_expired_key_is_refused_though_cached),
        CASE(without_redis_the_process_counts),
    };

    if (redis_url() == NULL) {
        puts("skipped: no server (TEST_REDIS_URL)");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

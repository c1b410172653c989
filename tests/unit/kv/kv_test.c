/* Many threads, one Redis: every item gets its own reply. */
#include "kv/kv.h"

#include "base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define THREADS 32
#define ROUNDS 300

static const struct kv_script
    add = {"add",
           "local r = {} for i = 1, #KEYS do"
           " r[i] = {redis.call('INCR', KEYS[i]), ARGV[i]} end return r",
           1, 1},
    admit = {"admit",
             "local r = {} for i = 1, #KEYS do"
             " local n = redis.call('INCR', KEYS[i])"
             " r[i] = n <= tonumber(ARGV[i]) and 1 or 0 end return r",
             1, 1},
    strict = {"strict",
              "local r = {} for i = 1, #KEYS do"
              " if ARGV[i] == 'bad' then error('no') end"
              " r[i] = {ARGV[i], false} end return r",
              1, 1},
    nothing = {"nothing",
               "local r = {}"
               " for i = 1, #KEYS do r[i] = 1 end return r",
               1, 1};

static struct kv *kv;
static char run[32]; /* In every key: no test meets another's. */

static struct kv_options options(void)
{
    return (struct kv_options){.url = getenv("TEST_REDIS_URL"),
                               .connections = 2,
                               .batch_max = 64,
                               .connect_ms = 1000,
                               .timeout_ms = 2000,
                               .errors_max = 3,
                               .probe_ms = 100};
}

static void must(bool ok, const struct err *err)
{
    if (!ok) {
        fail_msg("%s: %s", err_code_name(err->code), err->text);
    }
}

static int open_kv(void **state)
{
    const struct kv_options opts = options();
    struct err err = ERR_NONE;

    (void)state;
    (void)snprintf(run, sizeof run, "kvt%lld", (long long)clock_wall_us());
    must(kv_open(&opts, &kv, &err), &err);
    return 0;
}

static int close_kv(void **state)
{
    (void)state;
    kv_close(kv);
    return 0;
}

/* --- many threads -------------------------------------------------------- */

struct worker {
    pthread_t thread;
    int number;
    unsigned faults;
    unsigned admitted;
};

static bool add_is_right(struct worker *w, struct arena *arena, int i)
{
    char name[64];
    char word[64];
    struct kv_reply reply = {0};
    struct err err = ERR_NONE;
    struct str key = STR_NONE;
    struct str arg = STR_NONE;

    (void)snprintf(name, sizeof name, "%s:%d", run, w->number);
    (void)snprintf(word, sizeof word, "%d of %d", i, w->number);
    key = str_of(name);
    arg = str_of(word);
    return kv_eval(kv, &add, &key, &arg, arena, &reply, &err) &&
           reply.count == 2 && reply.values[0].number == i + 1 &&
           str_eq(reply.values[1].text, arg) && reply.life[0] != '\0';
}

static void *work(void *user)
{
    struct arena *arena = arena_new(1024);
    struct worker *w = user;
    char name[64];
    const struct str limit = STR("100");
    struct kv_reply reply = {0};
    struct err err = ERR_NONE;

    (void)snprintf(name, sizeof name, "%s:shared", run);
    for (int i = 0; i < ROUNDS; i++) {
        const struct str key = str_of(name);

        w->faults += add_is_right(w, arena, i) ? 0 : 1;
        if (!kv_eval(kv, &admit, &key, &limit, arena, &reply, &err)) {
            w->faults++;
        } else if (reply.values[0].number == 1) {
            w->admitted++;
        }
        arena_reset(arena);
    }
    arena_free(arena);
    return NULL;
}

static void every_thread_gets_its_own_replies(void **state)
{
    struct worker workers[THREADS] = {0};
    struct kv_stats stats = {0};
    unsigned admitted = 0;

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        workers[i].number = i;
        (void)pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].faults, 0);
        admitted += workers[i].admitted;
    }
    assert_int_equal(admitted, 100);
    stats = kv_stats(kv);
    assert_int_equal(stats.items, 2 * THREADS * ROUNDS);
    assert_true(stats.batches < stats.items);
}

/* --- one item's script fails --------------------------------------------- */

struct single {
    pthread_t thread;
    const char *word;
    bool ok;
    struct err err;
};

static void *run_strict(void *user)
{
    struct arena *arena = arena_new(256);
    struct single *s = user;
    const struct str key = STR("unused");
    const struct str arg = str_of(s->word);
    struct kv_reply reply = {0};

    s->ok = kv_eval(kv, &strict, &key, &arg, arena, &reply, &s->err) &&
            str_eq(reply.values[0].text, arg) &&
            reply.values[1].text.data == NULL;
    arena_free(arena);
    return NULL;
}

static void a_failing_item_disturbs_no_other(void **state)
{
    static struct single items[16];

    (void)state;
    for (int i = 0; i < 16; i++) {
        items[i] = (struct single){.word = i % 5 == 2 ? "bad" : "good"};
        (void)pthread_create(&items[i].thread, NULL, run_strict, &items[i]);
    }
    for (int i = 0; i < 16; i++) {
        (void)pthread_join(items[i].thread, NULL);
        assert_int_equal(items[i].ok, i % 5 != 2);
        assert_int_equal(items[i].err.code, i % 5 == 2 ? ERR_INTERNAL : ERR_OK);
    }
    assert_true(kv_is_up(kv));
}

/* --- away ---------------------------------------------------------------- */

static bool ping(struct kv *of, struct err *err)
{
    struct arena *arena = arena_new(256);
    const struct str key = STR("unused");
    const struct str arg = STR("1");
    struct kv_reply reply = {0};
    const bool ok = kv_eval(of, &nothing, &key, &arg, arena, &reply, err);

    arena_free(arena);
    return ok;
}

static void the_breaker_opens_when_redis_is_away(void **state)
{
    struct kv_options opts = options();
    struct err err = ERR_NONE;
    struct err why = ERR_NONE;
    struct kv *away = NULL;
    int64_t began_us = 0;

    (void)state;
    opts.url = "redis://127.0.0.1:1";
    opts.probe_ms = 60000;
    must(kv_open(&opts, &away, &err), &err);
    assert_false(kv_trouble(away, &why));
    began_us = clock_steady_us();
    for (int i = 0; i < 1000; i++) {
        assert_false(ping(away, &err));
        assert_int_equal(err.code, ERR_UNAVAILABLE);
    }
    assert_false(kv_is_up(away));
    assert_true(kv_trouble(away, &why));
    assert_string_equal(why.text, "redis: can't connect: Connection refused");
    assert_int_equal(kv_stats(away).errors, opts.errors_max);
    assert_true(clock_steady_us() - began_us < 1000000);
    kv_close(away);
}

static void the_life_is_the_servers_run_id(void **state)
{
    char life[KV_LIFE_MAX];
    char again[KV_LIFE_MAX];
    struct err err = ERR_NONE;

    (void)state;
    must(kv_life(kv, life, &err), &err);
    must(kv_life(kv, again, &err), &err);
    assert_int_equal(strlen(life), KV_LIFE_MAX - 1);
    assert_string_equal(life, again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_thread_gets_its_own_replies),
        cmocka_unit_test(a_failing_item_disturbs_no_other),
        cmocka_unit_test(the_breaker_opens_when_redis_is_away),
        cmocka_unit_test(the_life_is_the_servers_run_id),
    };

    if (getenv("TEST_REDIS_URL") == NULL) {
        puts("skipped: no server (TEST_REDIS_URL)");
        return 0;
    }
    return cmocka_run_group_tests(tests, open_kv, close_kv);
}

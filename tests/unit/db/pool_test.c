/* The pool on a real server: every answer right, whoever shares the trip. */
#include "support.h"

#include "base/clock.h"

#include <pthread.h>
#include <sys/eventfd.h>

#define THREADS 32
#define ROUNDS 200

/* clang-format off */
static const struct sql
    put = {"pt_put", "INSERT INTO pt_rows (id, name) VALUES ($1, $2)", 2, true},
    put_apart = {"pt_put_apart", "INSERT INTO pt_rows (id, name) VALUES ($1, $2)", 2, false},
    get = {"pt_get", "SELECT id, name FROM pt_rows WHERE id = $1", 1, true},
    get_apart = {"pt_get_apart", "SELECT id, name FROM pt_rows WHERE id = $1", 1, false},
    divide = {"pt_divide", "SELECT 1 / $1::int", 1, true},
    late = {"pt_late", "INSERT INTO pt_late (id, parent) VALUES ($1, $2)", 2, true},
    count_rows = {"pt_count", "SELECT count(*) FROM pt_rows WHERE id BETWEEN $1 AND $2", 2, false},
    small = {"pt_small", "SELECT $1::smallint", 1, false},
    nap = {"pt_nap", "SELECT pg_sleep($1::int / 1000.0)", 1, false},
    broken = {"pt_broken", "SELECT nothing FROM nowhere", 0, true},
    echo = {"pt_echo", "SELECT $1::text, $2::bytea, $3::bigint, $4::bool, $5::uuid,"
            " $6::timestamptz, $7::jsonb, $8::text[], $9::uuid[]", 9, false},
    arrays = {"pt_arrays", "SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[],"
              " $4::uuid[], $5::timestamptz[], $6::smallint[])", 6, false};
/* clang-format on */

static struct db *db;

static int open_pool(void **state)
{
    const struct db_options opts = test_options();
    struct err err = ERR_NONE;

    (void)state;
    script("DROP TABLE IF EXISTS pt_late, pt_rows;"
           "CREATE TABLE pt_rows (id bigint PRIMARY KEY, name text NOT NULL);"
           "CREATE TABLE pt_late (id bigint PRIMARY KEY, parent bigint"
           " REFERENCES pt_rows DEFERRABLE INITIALLY DEFERRED);");
    must(db_open(&opts, &db, &err), &err);
    return 0;
}

static int close_pool(void **state)
{
    (void)state;
    db_close(db);
    script("DROP TABLE pt_late, pt_rows");
    return 0;
}

static int64_t rows_between(int64_t from, int64_t to)
{
    struct db_rows *rows = NULL;
    struct err err = ERR_NONE;
    int64_t n = 0;

    must(db_run(db, &count_rows, ARGS(ARG_INT(from), ARG_INT(to)), &rows, &err),
         &err);
    n = db_int(rows, 0, 0);
    db_rows_free(rows);
    return n;
}

/* --- many threads -------------------------------------------------------- */

struct worker {
    pthread_t thread;
    int64_t base;
    unsigned faults;
};

static bool says(const struct sql *sql, int64_t id, const char *name)
{
    struct db_rows *rows = NULL;
    struct err err = ERR_NONE;
    bool right = false;

    if (db_run(db, sql, ARGS(ARG_INT(id)), &rows, &err)) {
        right = db_count(rows) == 1 && db_int(rows, 0, 0) == id &&
                str_eq(db_text(rows, 0, 1), str_of(name));
        db_rows_free(rows);
    }
    return right;
}

/* One round is one of: a good write and its read, a write that conflicts, a
 * statement that fails, a transaction. */
static bool round_is_right(int64_t id, int i)
{
    const struct sql *write = i % 2 == 0 ? &put : &put_apart;
    char name[32];
    struct err err = ERR_NONE;
    struct tx *tx = NULL;
    bool ok = false;

    (void)snprintf(name, sizeof name, "row %lld", (long long)id);
    if (i % 20 == 7) {
        ok = tx_begin(db, &tx, &err) &&
             tx_run(tx, &put, ARGS(ARG_INT(id), ARG_TEXT(str_of(name))), NULL,
                    &err) &&
             tx_commit(tx, &err);
        tx_end(tx);
    } else {
        ok = db_run(db, write, ARGS(ARG_INT(id), ARG_TEXT(str_of(name))), NULL,
                    &err);
    }
    if (!ok || !says(i % 3 == 0 ? &get : &get_apart, id, name)) {
        return false;
    }
    if (i % 10 == 3 &&
        (db_run(db, write, ARGS(ARG_INT(id), ARG_TEXT(str_of(name))), NULL,
                &err) ||
         err.code != ERR_CONFLICT)) {
        return false;
    }
    return i % 10 != 5 || (!db_run(db, &divide, ARGS(ARG_INT(0)), NULL, &err) &&
                           err.code == ERR_INVALID);
}

static void *work(void *user)
{
    struct worker *w = user;

    for (int i = 0; i < ROUNDS; i++) {
        w->faults += round_is_right(w->base + i, i) ? 0 : 1;
    }
    return NULL;
}

static void every_thread_gets_its_own_answers(void **state)
{
    struct worker workers[THREADS] = {0};
    struct db_stats stats = {0};

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        workers[i].base = (int64_t)(i + 1) * 100000;
        assert_int_equal(
            pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].faults, 0);
        assert_int_equal(
            rows_between(workers[i].base, workers[i].base + ROUNDS), ROUNDS);
    }
    stats = db_stats(db);
    assert_true(stats.batches < stats.statements);
    assert_int_equal(stats.busy, 0);
    assert_int_equal(stats.waiting, 0);
}

/* --- one trip with a guilty call ----------------------------------------- */

struct single {
    pthread_t thread;
    struct db *pool;
    const struct sql *sql;
    struct db_arg args[2];
    bool ok;
    struct err err;
};

static void *run_single(void *user)
{
    struct single *s = user;

    s->ok =
        db_run(s->pool, s->sql, s->args, s->sql->param_count, NULL, &s->err);
    return NULL;
}

/* A pool with one connection that a nap keeps busy until all wait. */
static void run_in_one_trip(struct single *calls, size_t count)
{
    struct db_options opts = test_options();
    struct single sleeper = {.sql = &nap, .args = {ARG_INT(200)}};
    struct db *pool = NULL;
    struct err err = ERR_NONE;

    opts.pool_size = 1;
    must(db_open(&opts, &pool, &err), &err);
    must(db_ping(pool, &err), &err);
    sleeper.pool = pool;
    (void)pthread_create(&sleeper.thread, NULL, run_single, &sleeper);
    while (db_stats(pool).busy == 0) {
    }
    for (size_t i = 0; i < count; i++) {
        calls[i].pool = pool;
        (void)pthread_create(&calls[i].thread, NULL, run_single, &calls[i]);
    }
    while (db_stats(pool).waiting < count) {
    }
    (void)pthread_join(sleeper.thread, NULL);
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(calls[i].thread, NULL);
    }
    assert_true(sleeper.ok);
    assert_int_equal(db_stats(pool).batches, 3); /* ping, nap, all others */
    db_close(pool);
}

static struct single put_of(int64_t id)
{
    return (struct single){.sql = &put,
                           .args = {ARG_INT(id), ARG_TEXT(STR("x"))}};
}

static void a_failing_call_disturbs_no_other(void **state)
{
    static struct single calls[8];

    (void)state;
    for (int i = 0; i < 8; i++) {
        calls[i] = put_of(1000 + i);
    }
    calls[3] = (struct single){.sql = &divide, .args = {ARG_INT(0)}};
    calls[5] = (struct single){.sql = &broken};
    calls[6] = (struct single){.sql = &put_apart,
                               .args = {ARG_INT(1006), ARG_TEXT(STR_NONE)}};
    run_in_one_trip(calls, 8);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(calls[i].ok, i != 3 && i != 5 && i != 6);
    }
    assert_int_equal(calls[3].err.code, ERR_INVALID);
    assert_int_equal(calls[5].err.code, ERR_INTERNAL);
    assert_int_equal(calls[6].err.code, ERR_INVALID);
    assert_int_equal(rows_between(1000, 1007), 5);
}

static void a_commit_that_fails_fails_only_the_guilty(void **state)
{
    static struct single calls[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        calls[i] = put_of(2000 + i);
    }
    calls[1] = (struct single){.sql = &late, .args = {ARG_INT(1), ARG_INT(-1)}};
    run_in_one_trip(calls, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(calls[i].ok, i != 1);
    }
    assert_int_equal(calls[1].err.code, ERR_INVALID);
    assert_int_equal(rows_between(2000, 2003), 3);
}

static void waiting_for_a_connection_ends(void **state)
{
    struct db_options opts = test_options();
    struct single sleeper = {.sql = &nap, .args = {ARG_INT(600)}};
    struct err err = ERR_NONE;
    int64_t began_us = 0;

    (void)state;
    opts.pool_size = 1;
    opts.wait_ms = 100;
    must(db_open(&opts, &sleeper.pool, &err), &err);
    (void)pthread_create(&sleeper.thread, NULL, run_single, &sleeper);
    while (db_stats(sleeper.pool).busy == 0) {
    }
    began_us = clock_steady_us();
    assert_false(db_ping(sleeper.pool, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_in_range(clock_steady_us() - began_us, 100000, 400000);
    (void)pthread_join(sleeper.thread, NULL);
    assert_int_equal(db_stats(sleeper.pool).waits_timed_out, 1);
    db_close(sleeper.pool);
}

static void a_slow_statement_is_stopped(void **state)
{
    struct db_options opts = test_options();
    struct db *pool = NULL;
    struct err err = ERR_NONE;

    (void)state;
    opts.statement_ms = 100;
    must(db_open(&opts, &pool, &err), &err);
    assert_false(db_run(pool, &nap, ARGS(ARG_INT(5000)), NULL, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    must(db_ping(pool, &err), &err);
    db_close(pool);
}

/* --- values -------------------------------------------------------------- */

static void values_come_back_as_they_went(void **state)
{
    const struct id id = id_new();
    const struct id ids[] = {id_new(), id_new()};
    const struct str words[] = {STR("a"), STR_NONE, STR("\xc3\xa9")};
    struct db_rows *rows = NULL;
    struct err err = ERR_NONE;
    struct arena *arena = arena_new(512);
    struct str *texts = NULL;
    struct id *uuids = NULL;

    (void)state;
    must(db_run(db, &echo,
                ARGS(ARG_TEXT(STR("h\xc3\xa9llo")), ARG_BYTES(STR("\0\1")),
                     ARG_INT(INT64_MIN + 1), ARG_BOOL(true), ARG_UUID(id),
                     ARG_TIME(1234567890123456), ARG_JSON(STR("{\"a\": 1}")),
                     ARG_TEXTS(words, 3), ARG_UUIDS(ids, 2)),
                &rows, &err),
         &err);
    assert_true(str_eq(db_text(rows, 0, 0), STR("h\xc3\xa9llo")));
    assert_true(str_eq(db_bytes(rows, 0, 1), STR("\0\1")));
    assert_true(db_int(rows, 0, 2) == INT64_MIN + 1);
    assert_true(db_bool(rows, 0, 3));
    assert_true(id_eq(db_uuid(rows, 0, 4), id));
    assert_true(db_time(rows, 0, 5) == 1234567890123456);
    assert_true(str_eq(db_text(rows, 0, 6), STR("{\"a\": 1}")));
    assert_int_equal(db_texts(rows, 0, 7, arena, &texts), 3);
    assert_true(str_eq(texts[2], words[2]) && texts[1].data == NULL);
    assert_int_equal(db_uuids(rows, 0, 8, arena, &uuids), 2);
    assert_true(id_eq(uuids[1], ids[1]));
    assert_int_equal(db_column_type(rows, 7), DB_COLUMN_TEXTS);
    db_rows_free(rows);
    arena_free(arena);
}

static void nulls_come_back_as_nothing(void **state)
{
    struct db_rows *rows = NULL;
    struct err err = ERR_NONE;

    (void)state;
    must(db_run(db, &echo,
                ARGS(ARG_NULL, ARG_NULL, ARG_NULL, ARG_NULL, ARG_NULL, ARG_NULL,
                     ARG_NULL, ARG_NULL, ARG_NULL),
                &rows, &err),
         &err);
    for (size_t i = 0; i < db_columns(rows); i++) {
        assert_true(db_is_null(rows, 0, i));
    }
    assert_null(db_text(rows, 0, 0).data);
    assert_true(db_time(rows, 0, 5) == DB_TIME_NULL);
    assert_true(id_is_zero(db_uuid(rows, 0, 4)));
    db_rows_free(rows);
}

static void arrays_unnest(void **state)
{
    const struct str texts[] = {STR("a"), STR_NONE};
    const struct id ids[] = {id_new(), id_new()};
    const int64_t numbers[] = {7, DB_INT_NULL};
    const int64_t times[] = {DB_TIME_NULL, 1000000};
    struct db_rows *rows = NULL;
    struct err err = ERR_NONE;

    (void)state;
    must(db_run(db, &arrays,
                ARGS(ARG_TEXTS(texts, 2), ARG_BYTESS(texts, 2),
                     ARG_INTS(numbers, 2), ARG_UUIDS(ids, 2),
                     ARG_TIMES(times, 2), ARG_INTS(numbers, 2)),
                &rows, &err),
         &err);
    assert_int_equal(db_count(rows), 2);
    assert_true(str_eq(db_text(rows, 0, 0), texts[0]));
    assert_true(db_is_null(rows, 1, 1));
    assert_int_equal(db_int(rows, 0, 2), 7);
    assert_true(id_eq(db_uuid(rows, 1, 3), ids[1]));
    assert_true(db_time(rows, 1, 4) == 1000000);
    assert_int_equal(db_int(rows, 0, 5), 7);
    db_rows_free(rows);
}

/* --- transactions and sessions ------------------------------------------- */

static void a_transaction_that_ends_early_leaves_nothing(void **state)
{
    struct err err = ERR_NONE;
    struct tx *tx = NULL;

    (void)state;
    must(tx_begin(db, &tx, &err), &err);
    must(tx_run(tx, &put, ARGS(ARG_INT(3000), ARG_TEXT(STR("x"))), NULL, &err),
         &err);
    assert_int_equal(rows_between(3000, 3000), 0);
    tx_end(tx);
    must(tx_begin(db, &tx, &err), &err);
    must(tx_run(tx, &put, ARGS(ARG_INT(3000), ARG_TEXT(STR("x"))), NULL, &err),
         &err);
    assert_false(
        tx_run(tx, &put, ARGS(ARG_INT(3000), ARG_TEXT(STR("x"))), NULL, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(tx_commit(tx, &err));
    tx_end(tx);
    assert_int_equal(rows_between(3000, 3000), 0);
}

static void a_bad_first_argument_spoils_only_its_transaction(void **state)
{
    struct err err = ERR_NONE;
    struct tx *tx = NULL;

    (void)state;
    must(tx_begin(db, &tx, &err), &err);
    assert_false(tx_run(tx, &small, ARGS(ARG_INT(1 << 20)), NULL, &err));
    assert_int_equal(err.code, ERR_INVALID);
    tx_end(tx);
    must(db_ping(db, &err), &err);
    assert_int_equal(db_stats(db).busy, 0);
}

static bool put_row(struct db *to, int64_t id, struct err *err)
{
    *err = ERR_NONE;
    return db_run(to, &put, ARGS(ARG_INT(id), ARG_TEXT(STR("x"))), NULL, err);
}

static void a_statement_that_fails_in_a_view_is_undone_alone(void **state)
{
    struct err err = ERR_NONE;
    struct tx *tx = NULL;
    struct db *view = NULL;

    (void)state;
    must(tx_begin(db, &tx, &err), &err);
    view = tx_db(tx);
    assert_ptr_equal(view, tx_db(tx));
    must(put_row(view, 3100, &err), &err);
    assert_false(put_row(view, 3100, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(db_run(view, &divide, ARGS(ARG_INT(0)), NULL, &err));
    assert_int_equal(err.code, ERR_INVALID);
    must(put_row(view, 3101, &err), &err);
    assert_int_equal(rows_between(3100, 3199), 0); /* Not committed. */
    must(tx_run_commit(tx, &put, ARGS(ARG_INT(3102), ARG_TEXT(STR("x"))), &err),
         &err);
    tx_end(tx);
    assert_int_equal(rows_between(3100, 3199), 3);
    assert_int_equal(db_stats(db).busy, 0);
}

static void a_view_may_begin_with_a_statement_that_fails(void **state)
{
    struct err err = ERR_NONE;
    struct tx *tx = NULL;

    (void)state;
    must(tx_begin(db, &tx, &err), &err);
    assert_false(db_run(tx_db(tx), &small, ARGS(ARG_INT(1 << 20)), NULL, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(db_run(tx_db(tx), &divide, ARGS(ARG_INT(0)), NULL, &err));
    must(put_row(tx_db(tx), 3200, &err), &err);
    tx_end(tx); /* Not committed: as in a dry run. */
    assert_int_equal(rows_between(3200, 3200), 0);
}

static void a_last_statement_that_fails_commits_nothing(void **state)
{
    struct err err = ERR_NONE;
    struct tx *tx = NULL;

    (void)state;
    must(tx_begin(db, &tx, &err), &err);
    must(put_row(tx_db(tx), 3300, &err), &err);
    assert_false(
        tx_run_commit(tx, &put, ARGS(ARG_INT(3300), ARG_TEXT(STR("x"))), &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    tx_end(tx);
    assert_int_equal(rows_between(3300, 3300), 0);
    must(db_ping(db, &err), &err);
}

static void an_inner_transaction_ends_without_its_outer_one(void **state)
{
    struct err err = ERR_NONE;
    struct tx *tx = NULL;
    struct tx *inner = NULL;

    (void)state;
    must(tx_begin(db, &tx, &err), &err);
    must(tx_begin(tx_db(tx), &inner, &err), &err);
    must(tx_run(inner, &put, ARGS(ARG_INT(3400), ARG_TEXT(STR("x"))), NULL,
                &err),
         &err);
    assert_false(tx_run(inner, &put, ARGS(ARG_INT(3400), ARG_TEXT(STR("x"))),
                        NULL, &err));
    assert_false(tx_commit(inner, &err));
    tx_end(inner);
    must(tx_begin(tx_db(tx), &inner, &err), &err);
    must(tx_run(inner, &put, ARGS(ARG_INT(3401), ARG_TEXT(STR("x"))), NULL,
                &err),
         &err);
    must(tx_commit(inner, &err), &err);
    tx_end(inner);
    must(put_row(tx_db(tx), 3402, &err), &err);
    assert_int_equal(rows_between(3400, 3499), 0);
    must(tx_commit(tx, &err), &err);
    tx_end(tx);
    assert_int_equal(rows_between(3400, 3499), 2);
}

/* Everything begins in the one trip of the first statement. */
static void an_inner_transaction_is_a_database_too(void **state)
{
    struct err err = ERR_NONE;
    struct tx *tx = NULL;
    struct tx *inner = NULL;

    (void)state;
    must(tx_begin(db, &tx, &err), &err);
    must(tx_begin(tx_db(tx), &inner, &err), &err);
    must(put_row(tx_db(inner), 3500, &err), &err);
    assert_false(put_row(tx_db(inner), 3500, &err)); /* Fails alone. */
    must(put_row(tx_db(inner), 3501, &err), &err);
    must(tx_commit(inner, &err), &err);
    tx_end(inner);
    must(tx_begin(tx_db(tx), &inner, &err), &err);
    must(put_row(tx_db(inner), 3502, &err), &err);
    tx_end(inner); /* Undone. */
    must(tx_commit(tx, &err), &err);
    tx_end(tx);
    assert_int_equal(rows_between(3500, 3599), 2);
    assert_int_equal(rows_between(3502, 3502), 0);
}

static void the_time_of_a_thread_is_what_it_waited(void **state)
{
    const int64_t before_us = db_thread_us();
    struct err err = ERR_NONE;

    (void)state;
    must(db_run(db, &nap, ARGS(ARG_INT(30)), NULL, &err), &err);
    assert_true(db_thread_us() - before_us >= 30 * US_PER_MS);
}

static void heard(void *user, struct str channel, struct str payload)
{
    (void)channel;
    *(unsigned *)user += str_eq(payload, STR("hello")) ? 1 : 100;
}

static void a_session_hears_notifications(void **state)
{
    const struct db_options opts = test_options();
    const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct err err = ERR_NONE;
    struct db_session *s = NULL;
    unsigned count = 0;
    int64_t began_us = 0;

    (void)state;
    must(session_open(&opts, &s, &err), &err);
    must(session_script(s, "LISTEN pt_channel", &err), &err);
    script("NOTIFY pt_channel, 'hello'");
    must(session_wait(s, fd, 5000, heard, &count, &err), &err);
    assert_int_equal(count, 1);
    /* The eventfd ends a wait, once. */
    began_us = clock_steady_us();
    (void)eventfd_write(fd, 1);
    must(session_wait(s, fd, 5000, heard, &count, &err), &err);
    assert_true(clock_steady_us() - began_us < 2000000);
    began_us = clock_steady_us();
    must(session_wait(s, fd, 50, heard, &count, &err), &err);
    assert_true(clock_steady_us() - began_us >= 50000);
    assert_int_equal(count, 1);
    session_close(s);
    (void)close(fd);
}

static void a_failed_script_leaves_the_session_usable(void **state)
{
    const struct db_options opts = test_options();
    struct err err = ERR_NONE;
    struct db_session *s = NULL;

    (void)state;
    must(session_open(&opts, &s, &err), &err);
    assert_false(session_script(s, "SELECT 1; SELECT * FROM nowhere", &err));
    assert_int_equal(err.code, ERR_INTERNAL);
    must(session_run(s, &get, ARGS(ARG_INT(1)), NULL, &err), &err);
    session_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_thread_gets_its_own_answers),
        cmocka_unit_test(a_failing_call_disturbs_no_other),
        cmocka_unit_test(a_commit_that_fails_fails_only_the_guilty),
        cmocka_unit_test(waiting_for_a_connection_ends),
        cmocka_unit_test(a_slow_statement_is_stopped),
        cmocka_unit_test(values_come_back_as_they_went),
        cmocka_unit_test(nulls_come_back_as_nothing),
        cmocka_unit_test(arrays_unnest),
        cmocka_unit_test(a_transaction_that_ends_early_leaves_nothing),
        cmocka_unit_test(a_bad_first_argument_spoils_only_its_transaction),
        cmocka_unit_test(a_statement_that_fails_in_a_view_is_undone_alone),
        cmocka_unit_test(a_view_may_begin_with_a_statement_that_fails),
        cmocka_unit_test(a_last_statement_that_fails_commits_nothing),
        cmocka_unit_test(an_inner_transaction_ends_without_its_outer_one),
        cmocka_unit_test(an_inner_transaction_is_a_database_too),
        cmocka_unit_test(the_time_of_a_thread_is_what_it_waited),
        cmocka_unit_test(a_session_hears_notifications),
        cmocka_unit_test(a_failed_script_leaves_the_session_usable),
    };

    return RUN_WITH_SERVER(tests, open_pool, close_pool);
}

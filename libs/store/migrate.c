/* The schema: applying the files of db/migrations, and knowing what was
 * applied. */
#include "store/migrate.h"

#include "base/clock.h"
#include "crypt/crypt.h"
#include "migration_text.h"
#include "store/partition.h"
#include "store_sql.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#define STATEMENT_MS 600000U /* A migration may build an index. */
/* Who waits for a table's lock has everybody else wait behind him: so not for
 * long, and again when others had their turn. */
#define BEGIN_SCRIPT "BEGIN; SET LOCAL lock_timeout = '500ms'"
#define LOCK_REST_MS 500
#define LOCK_TRIES 120 /* Two minutes. */
#define NUMBER_LEN 4   /* "0001_organizations.sql" */

static unsigned number_of(const struct embedded *m)
{
    uint64_t number = 0;
    bool ok = str_to_u64((struct str){m->name, NUMBER_LEN}, 9999, &number);

    assert(ok);
    (void)ok;
    return (unsigned)number;
}

static struct sha256 sum_of(const struct embedded *m)
{
    return crypt_sha256((struct str){m->text, m->len});
}

static struct str sum_str(const struct sha256 *sum)
{
    return (struct str){(const char *)sum->bytes, SHA256_BYTES};
}

/* The files are 1, 2, 3 …: a gap or a double is a fault of the build. */
static void check_files(void)
{
    assert(migration_text_count <= MIGRATIONS_MAX);
    for (size_t i = 0; i < migration_text_count; i++) {
        assert(number_of(&migration_texts[i]) == i + 1);
    }
}

/* --- what was applied --------------------------------------------------------
 */

static bool check_applied(const struct db_rows *rows, size_t i, struct err *err)
{
    int64_t number = db_int(rows, i, 0);
    struct sha256 sum;

    if (number != (int64_t)i + 1) {
        return err_set(err, ERR_CONFLICT,
                       "migration %zu is missing from the database, but %lld "
                       "is there; restore schema_migrations before going on",
                       i + 1, (long long)number);
    }
    sum = sum_of(&migration_texts[i]);
    if (!str_eq(db_bytes(rows, i, 2), sum_str(&sum))) {
        return err_set(err, ERR_CONFLICT,
                       "%s was applied with another text; undo the edit and "
                       "put the change into a new migration",
                       migration_texts[i].name);
    }
    return true;
}

/* Fill the list's state. Migrations that are newer than this program are left
 * out: nothing of ours is missing. */
static bool read_applied(struct db_session *s, struct migration_state *list,
                         size_t *applied, struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok = session_run(s, &sql_migrate_applied, ARGS_NONE, &rows, err);
    size_t count = ok ? MIN_OF(db_count(rows), migration_text_count) : 0;

    for (size_t i = 0; ok && i < count; i++) {
        ok = check_applied(rows, i, err);
        list[i].is_applied = ok;
        list[i].applied_at_us = db_time(rows, i, 3);
    }
    if (ok) {
        *applied = count;
    }
    db_rows_free(rows);
    return ok;
}

static void list_init(struct migration_state *list)
{
    check_files();
    for (size_t i = 0; i < migration_text_count; i++) {
        list[i] = (struct migration_state){
            .number = number_of(&migration_texts[i]),
            .name = migration_texts[i].name,
            .applied_at_us = DB_TIME_NULL,
        };
    }
}

/* --- applying ----------------------------------------------------------------
 */

static bool apply_text(struct db_session *s, const struct embedded *m,
                       int64_t now_us, struct err *err)
{
    struct sha256 sum = sum_of(m);

    return session_script(s, BEGIN_SCRIPT, err) &&
           session_script(s, m->text, err) &&
           session_run(s, &sql_migrate_note,
                       ARGS(ARG_INT(number_of(m)), ARG_TEXT(str_of(m->name)),
                            ARG_BYTES(sum_str(&sum)), ARG_TIME(now_us)),
                       NULL, err) &&
           session_script(s, "COMMIT", err);
}

static void rest(void)
{
    const struct timespec t = {LOCK_REST_MS / 1000,
                               LOCK_REST_MS % 1000 * 1000000L};

    (void)nanosleep(&t, NULL);
}

/* What the file did before it met the lock is undone with it. */
static bool apply_patiently(struct db_session *s, const struct embedded *m,
                            int64_t now_us, struct err *err)
{
    for (unsigned tries = 1; !apply_text(s, m, now_us, err); tries++) {
        struct err ignored = ERR_NONE;

        /* The server rolls back by itself if even this does not reach it. */
        (void)!session_script(s, "ROLLBACK", &ignored);
        if (!db_was_locked_out(err)) {
            return false;
        }
        if (tries == LOCK_TRIES) {
            return err_wrap(err,
                            "a table it changes is always in use (pg_locks "
                            "tells by whom; it can be run again)");
        }
        err_clear(err);
        rest();
    }
    return true;
}

static bool apply_one(struct db_session *s, const struct embedded *m,
                      struct migration_state *state,
                      migrate_progress_fn *progress, void *user,
                      struct err *err)
{
    int64_t began_us = clock_steady_us();

    if (progress != NULL) {
        progress(user, state, false);
    }
    state->applied_at_us = clock_wall_us();
    if (!apply_patiently(s, m, state->applied_at_us, err)) {
        return err_wrap(err, "%s", m->name);
    }
    state->is_applied = true;
    state->took_us = clock_steady_us() - began_us;
    if (progress != NULL) {
        progress(user, state, true);
    }
    return true;
}

static bool apply_missing(struct db_session *s, migrate_progress_fn *progress,
                          void *user, unsigned *applied, struct err *err)
{
    struct migration_state *list = mem_zero(MIGRATIONS_MAX, sizeof(*list));
    size_t first = 0;
    unsigned count = 0;
    bool ok = false;

    list_init(list);
    ok = session_run(s, &sql_migrate_table, ARGS_NONE, NULL, err) &&
         read_applied(s, list, &first, err);
    for (size_t i = first; ok && i < migration_text_count; i++) {
        ok = apply_one(s, &migration_texts[i], &list[i], progress, user, err);
        count += ok;
    }
    ok = ok &&
         session_run(s, &sql_partitions_ensure,
                     ARGS(ARG_TIME(clock_wall_us()), ARG_INT(PARTITION_DAYS)),
                     NULL, err);
    if (ok) {
        *applied = count;
    }
    free(list);
    return ok;
}

bool migrate_apply(const struct db_options *opts, migrate_progress_fn *progress,
                   void *user, unsigned *applied, struct err *err)
{
    struct db_options patient = *opts;
    struct db_session *s = NULL;
    bool ok = false;

    /* The lock is the session's: closing it lets the next runner in. */
    patient.statement_ms = STATEMENT_MS;
    ok = session_open(&patient, &s, err) &&
         session_run(s, &sql_migrate_lock, ARGS_NONE, NULL, err) &&
         apply_missing(s, progress, user, applied, err);
    session_close(s);
    return ok;
}

static bool table_exists(const struct db_rows *rows)
{
    return db_bool(rows, 0, 0);
}

bool migrate_status(const struct db_options *opts,
                    struct migration_state list[MIGRATIONS_MAX], size_t *count,
                    struct err *err)
{
    struct db_session *s = NULL;
    struct db_rows *rows = NULL;
    size_t applied = 0;
    bool ok = false;

    list_init(list);
    ok = session_open(opts, &s, err) &&
         session_run(s, &sql_migrate_table_exists, ARGS_NONE, &rows, err) &&
         (!table_exists(rows) || read_applied(s, list, &applied, err));
    if (ok) {
        *count = migration_text_count;
    }
    db_rows_free(rows);
    session_close(s);
    return ok;
}

static bool count_ours(struct db *db, int64_t *ours, struct err *err)
{
    int64_t *numbers = mem_zero(migration_text_count, sizeof(*numbers));
    struct sha256 *sums = mem_zero(migration_text_count, sizeof(*sums));
    struct str *texts = mem_zero(migration_text_count, sizeof(*texts));
    struct db_rows *rows = NULL;
    bool ok = false;

    for (size_t i = 0; i < migration_text_count; i++) {
        numbers[i] = number_of(&migration_texts[i]);
        sums[i] = sum_of(&migration_texts[i]);
        texts[i] = sum_str(&sums[i]);
    }
    ok = db_run(db, &sql_migrate_count,
                ARGS(ARG_INTS(numbers, migration_text_count),
                     ARG_BYTESS(texts, migration_text_count)),
                &rows, err);
    if (ok) {
        *ours = db_int(rows, 0, 0);
    }
    db_rows_free(rows);
    free(texts);
    free(sums);
    free(numbers);
    return ok;
}

bool migrate_is_current(struct db *db, bool *current, struct err *err)
{
    struct db_rows *rows = NULL;
    int64_t ours = 0;
    bool exists = false;

    if (!db_run(db, &sql_migrate_table_exists, ARGS_NONE, &rows, err)) {
        return false;
    }
    exists = table_exists(rows);
    db_rows_free(rows);
    if (exists && !count_ours(db, &ours, err)) {
        return false;
    }
    *current = exists && ours == (int64_t)migration_text_count;
    return true;
}

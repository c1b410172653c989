/* The relay's view of the outbox. */
#include "store/outbox.h"

#include "base/macros.h"
#include "store_sql.h"

#include <assert.h>
#include <stdio.h>

/* A turn reads at least so many rows of a shard that has them. */
/* Not more than a fair share of a turn for any shard, or under a backlog the
 * shards with the higher numbers would wait for the lower ones. */
#define SHARD_ROWS_MIN 1

static bool run_bool(struct db_session *s, const struct sql *sql,
                     const struct db_arg *args, size_t count, bool *out,
                     struct err *err)
{
    struct db_rows *rows = NULL;

    if (!session_run(s, sql, args, count, &rows, err)) {
        return false;
    }
    *out = db_bool(rows, 0, 0);
    db_rows_free(rows);
    return true;
}

bool outbox_lock(struct db_session *s, unsigned shard, bool *taken,
                 struct err *err)
{
    return run_bool(s, &sql_outbox_lock, ARGS(ARG_INT(shard)), taken, err);
}

bool outbox_unlock(struct db_session *s, unsigned shard, struct err *err)
{
    bool was_held = false;

    return run_bool(s, &sql_outbox_unlock, ARGS(ARG_INT(shard)), &was_held,
                    err);
}

bool outbox_presence(struct db_session *s, struct err *err)
{
    bool taken = false;

    return run_bool(s, &sql_outbox_presence, ARGS_NONE, &taken, err);
}

bool outbox_relays(struct db_session *s, unsigned *count, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!session_run(s, &sql_outbox_relays, ARGS_NONE, &rows, err)) {
        return false;
    }
    *count = (unsigned)MAX_OF(db_int(rows, 0, 0), 1);
    db_rows_free(rows);
    return true;
}

/* --- a turn -------------------------------------------------------------- */

/* The gone rows as columns, and how many there are of each owned shard. */
struct gone {
    int64_t *per_shard;
    int64_t *shards;
    int64_t *seqs;
};

static struct gone gone_columns(const int64_t *shards, size_t shard_count,
                                const struct outbox_place *places, size_t count,
                                struct arena *arena)
{
    struct gone gone = {
        .per_shard = arena_zero(arena, shard_count + 1, sizeof(int64_t)),
        .shards = arena_zero(arena, count + 1, sizeof(int64_t)),
        .seqs = arena_zero(arena, count + 1, sizeof(int64_t)),
    };

    for (size_t i = 0; i < count; i++) {
        gone.shards[i] = places[i].shard;
        gone.seqs[i] = places[i].seq;
        for (size_t k = 0; k < shard_count; k++) {
            gone.per_shard[k] += shards[k] == places[i].shard;
        }
    }
    return gone;
}

static struct outbox_row *copy_rows(const struct db_rows *rows, size_t count,
                                    struct arena *arena)
{
    struct outbox_row *all = arena_zero(arena, count + 1, sizeof(*all));

    for (size_t i = 0; i < count; i++) {
        all[i] = (struct outbox_row){
            .org_id = db_uuid(rows, i, 0),
            .id = db_uuid(rows, i, 1),
            .shard = db_int(rows, i, 2),
            .seq = db_int(rows, i, 3),
            .aggregate = arena_str(arena, db_text(rows, i, 4)),
            .subject = arena_str(arena, db_text(rows, i, 5)),
            .type = arena_str(arena, db_text(rows, i, 6)),
            .payload = arena_str(arena, db_bytes(rows, i, 7)),
            .traceparent = arena_str(arena, db_text(rows, i, 8)),
            .webhooks_version = db_int(rows, i, 9),
            .created_at_us = db_time(rows, i, 10),
        };
        if (db_is_null(rows, i, 8)) {
            all[i].traceparent = STR_NONE;
        }
    }
    return all;
}

bool outbox_vacuum(struct db_session *s, struct err *err)
{
    return session_script(s, "VACUUM (SKIP_LOCKED, TRUNCATE false) outbox",
                          err);
}

bool outbox_turn(struct db_session *s, const int64_t *shards,
                 size_t shard_count, const struct outbox_place *gone,
                 size_t gone_count, size_t max, struct arena *arena,
                 struct outbox_row **rows, size_t *count, struct err *err)
{
    struct gone g = gone_columns(shards, shard_count, gone, gone_count, arena);
    size_t share = shard_count == 0 ? 0 : max / shard_count;
    struct db_rows *got = NULL;

    assert(max > 0);
    if (!session_run(s, &sql_outbox_turn,
                     ARGS(ARG_INTS(shards, shard_count),
                          ARG_INTS(g.per_shard, shard_count),
                          ARG_INTS(g.shards, gone_count),
                          ARG_INTS(g.seqs, gone_count),
                          ARG_INT((int64_t)MAX_OF(share, SHARD_ROWS_MIN)),
                          ARG_INT((int64_t)max)),
                     &got, err)) {
        return false;
    }
    *count = db_count(got);
    *rows = copy_rows(got, *count, arena);
    db_rows_free(got);
    return true;
}

bool outbox_notify(struct db_session *s, unsigned shards, struct err *err)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%u", shards);

    return session_run(s, &sql_outbox_notify,
                       ARGS(ARG_TEXT(((struct str){text, (size_t)len}))), NULL,
                       err);
}

bool outbox_depth(struct db *db, int64_t now_us, int64_t *rows,
                  int64_t *oldest_us, struct err *err)
{
    struct db_rows *got = NULL;

    if (!db_run(db, &sql_outbox_depth, ARGS_NONE, &got, err)) {
        return false;
    }
    *rows = db_int(got, 0, 0);
    *oldest_us =
        db_is_null(got, 0, 1) ? 0 : MAX_OF(now_us - db_time(got, 0, 1), 0);
    db_rows_free(got);
    return true;
}

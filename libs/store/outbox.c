/* The relay's view of the outbox. */
#include "store/outbox.h"

#include "base/macros.h"
#include "row.h"
#include "store/event.h"
#include "store_sql.h"

#include <assert.h>
#include <stdio.h>

/* Not more than a fair share of a turn for any shard, or under a backlog the
 * shards with the higher numbers would wait for the lower ones. */
#define SHARD_ROWS_MIN 1

struct outbox_row outbox_row_of(const Porter__V1__Event *event,
                                const struct cause *cause, struct str payload,
                                struct arena *arena)
{
    enum event_type type = EVENT_TYPE_COUNT;
    bool known = event_type_find(str_of(event->type), &type);
    struct str subject = event_subject(event);

    assert(known);
    (void)known;
    return (struct outbox_row){
        .org_id = cause->org_id,
        .id = row_id(ID_EVENT, event->id),
        .shard = event_shard(row_id(event_types[type].subject, subject.data)),
        .aggregate = str_of(event_types[type].aggregate),
        .subject = arena_str(arena, subject),
        .type = str_of(event_types[type].name),
        .payload = payload,
        .traceparent = cause->traceparent,
        .request_id = cause->request_id,
        .created_at_us = row_time(event->created_at).value.number,
    };
}

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

/* Places as columns. */
struct columns {
    int64_t *shards;
    int64_t *seqs;
};

static struct columns columns_of(const struct outbox_place *places,
                                 size_t count, struct arena *arena)
{
    struct columns c = {
        .shards = arena_zero(arena, count + 1, sizeof(int64_t)),
        .seqs = arena_zero(arena, count + 1, sizeof(int64_t)),
    };

    for (size_t i = 0; i < count; i++) {
        c.shards[i] = places[i].shard;
        c.seqs[i] = places[i].seq;
    }
    return c;
}

/* How many rows of each asked shard are away. */
static int64_t *per_shard(const struct outbox_ask *ask, struct arena *arena)
{
    int64_t *counts = arena_zero(arena, ask->shard_count + 1, sizeof(int64_t));

    for (size_t i = 0; i < ask->away_count; i++) {
        for (size_t k = 0; k < ask->shard_count; k++) {
            counts[k] += ask->shards[k] == ask->away[i].shard;
        }
    }
    return counts;
}

static struct str text_or_none(const struct db_rows *rows, size_t i,
                               size_t column, struct arena *arena)
{
    return db_is_null(rows, i, column)
               ? STR_NONE
               : arena_str(arena, db_text(rows, i, column));
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
            .traceparent = text_or_none(rows, i, 8, arena),
            .request_id = text_or_none(rows, i, 9, arena),
            .webhooks_version = db_int(rows, i, 10),
            .created_at_us = db_time(rows, i, 11),
        };
    }
    return all;
}

bool outbox_vacuum(struct db_session *s, struct err *err)
{
    return session_script(s, "VACUUM (SKIP_LOCKED, TRUNCATE false) outbox",
                          err);
}

bool outbox_turn(struct db_session *s, const struct outbox_ask *ask,
                 struct arena *scratch, struct arena *arena,
                 struct outbox_row **rows, size_t *count, struct err *err)
{
    struct columns gone = columns_of(ask->gone, ask->gone_count, scratch);
    struct columns away = columns_of(ask->away, ask->away_count, scratch);
    int64_t *counts = per_shard(ask, scratch);
    size_t share = ask->shard_count == 0 ? 0 : ask->max / ask->shard_count;
    struct db_rows *got = NULL;

    if (!session_run(s, &sql_outbox_turn,
                     ARGS(ARG_INTS(ask->shards, ask->shard_count),
                          ARG_INTS(counts, ask->shard_count),
                          ARG_INTS(gone.shards, ask->gone_count),
                          ARG_INTS(gone.seqs, ask->gone_count),
                          ARG_INT((int64_t)MAX_OF(share, SHARD_ROWS_MIN)),
                          ARG_INT((int64_t)ask->max),
                          ARG_INTS(away.seqs, ask->away_count)),
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

/* A person is forgotten.
 *
 * The subject's own row comes first: what changes it later makes events without
 * personal data. Then whatever was made of it before: rosters, the outbox, the
 * log, and of each of its events the deliveries and attempts. A batch looks at
 * everything anew, so that a run that was ended is simply run again. */
#include "store/erase.h"

#include "erase_message.h"

#include "store/event.h"
#include "store/idempotency.h"
#include "store_sql.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 20 /* As the statements have it. */
#define ARENA_BYTES 65536
#define ID_TIME_BYTES 6 /* The milliseconds at an id's beginning. */

const char *const erase_table_names[ERASE_TABLES] = {
    [ERASE_SUBJECTS] = "subjects",     [ERASE_ROSTERS] = "evacuation_people",
    [ERASE_OUTBOX] = "outbox",         [ERASE_EVENTS] = "events",
    [ERASE_DELIVERIES] = "deliveries", [ERASE_ATTEMPTS] = "attempts",
    [ERASE_ANSWERS] = "idempotency",
};

/* What a batch has read, and its new form. */
struct batch {
    struct arena *arena;
    size_t count;
    struct id ids[BATCH];
    int64_t times[BATCH];
    struct str bytes[BATCH];
    struct str jsons[BATCH];
    bool is_new[BATCH];
};

static struct str keep(struct batch *b, struct buf *text)
{
    struct str copy = arena_str(b->arena, buf_str(text));

    buf_free(text);
    return copy;
}

/* The row's payload without the subject; into place i. */
static bool clear_payload(const struct erase *e, struct batch *b, size_t i,
                          struct str payload, struct err *err)
{
    struct id_text subject = id_text(e->kind, e->id);
    struct buf bytes = BUF_EMPTY;
    struct buf json = BUF_EMPTY;
    bool ok = erase_event(payload, str_of(subject.data), b->arena, &bytes,
                          &json, err);

    b->is_new[i] = ok && !str_eq(buf_str(&bytes), payload);
    b->bytes[i] = keep(b, &bytes);
    b->jsons[i] = keep(b, &json);
    return ok;
}

static void say(const struct erase *e)
{
    if (e->progress != NULL) {
        e->progress(e->user, e);
    }
}

static size_t count_new(const struct batch *b)
{
    size_t count = 0;

    for (size_t i = 0; i < b->count; i++) {
        count += b->is_new[i];
    }
    return count;
}

/* --- the subject, and where else its name stands ---------------------------
 */

static bool erase_own_row(struct erase *e, struct err *err)
{
    const struct sql *sql =
        e->kind == ID_VISITOR ? &sql_erase_visitor : &sql_erase_contractor;
    struct db_rows *rows = NULL;
    bool ok = db_run(e->db, sql,
                     ARGS(ARG_UUID(e->org_id), ARG_UUID(e->id),
                          ARG_TIME(e->now_us), ARG_BOOL(e->is_dry)),
                     &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "the organization has no %s",
                     id_text(e->kind, e->id).data);
    } else if (ok) {
        e->rows[ERASE_SUBJECTS] += db_bool(rows, 0, 0);
    }
    db_rows_free(rows);
    return ok;
}

/* --- deliveries ------------------------------------------------------------
 */

static bool erase_attempts(struct erase *e, const struct id *ids, size_t count,
                           struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(e->db, &sql_erase_attempts,
                ARGS(ARG_UUID(e->org_id), ARG_UUIDS(ids, count),
                     ARG_BOOL(e->is_dry)),
                &rows, err)) {
        return false;
    }
    e->rows[ERASE_ATTEMPTS] += db_int(rows, 0, 0);
    db_rows_free(rows);
    return true;
}

/* The first and last id that may belong to a delivery of the event. */
static struct id edge_of(struct id event, int fill)
{
    struct id edge = event;

    memset(edge.bytes + ID_TIME_BYTES, fill, sizeof edge.bytes - ID_TIME_BYTES);
    return edge;
}

static bool read_deliveries(const struct erase *e, const struct batch *events,
                            struct db_rows **rows, struct err *err)
{
    struct id first[BATCH];
    struct id last[BATCH];

    for (size_t i = 0; i < events->count; i++) {
        first[i] = edge_of(events->ids[i], 0);
        last[i] = edge_of(events->ids[i], 0xff);
    }
    return db_run(
        e->db, &sql_erase_deliveries_read,
        ARGS(ARG_UUID(e->org_id), ARG_UUIDS(events->ids, events->count),
             ARG_TIMES(events->times, events->count),
             ARG_UUIDS(first, events->count), ARG_UUIDS(last, events->count)),
        rows, err);
}

/* An event has as many deliveries as there were webhooks. */
static bool erase_deliveries(struct erase *e, const struct batch *events,
                             struct err *err)
{
    struct db_rows *rows = NULL;

    if (!read_deliveries(e, events, &rows, err)) {
        return false;
    }
    size_t found = db_count(rows);
    size_t count = 0;
    struct id *all = arena_zero(events->arena, found + 1, sizeof *all);
    struct id *ids = arena_zero(events->arena, found + 1, sizeof *ids);
    int64_t *times = arena_zero(events->arena, found + 1, sizeof *times);
    struct str *bodies = arena_zero(events->arena, found + 1, sizeof *bodies);
    bool ok = true;

    for (size_t i = 0; i < found; i++) {
        struct str body = events->jsons[db_int(rows, i, 3)];

        all[i] = db_uuid(rows, i, 0);
        if (!str_eq(db_bytes(rows, i, 2), body)) {
            ids[count] = all[i];
            times[count] = db_time(rows, i, 1);
            bodies[count++] = body;
        }
    }
    db_rows_free(rows);
    if (count > 0 && !e->is_dry) {
        ok = db_run(e->db, &sql_erase_deliveries,
                    ARGS(ARG_UUID(e->org_id), ARG_UUIDS(ids, count),
                         ARG_TIMES(times, count), ARG_BYTESS(bodies, count)),
                    NULL, err);
    }
    e->rows[ERASE_DELIVERIES] += ok ? (int64_t)count : 0;
    return ok && (found == 0 || erase_attempts(e, all, found, err));
}

/* --- the log ---------------------------------------------------------------
 */

static bool write_events(const struct erase *e, struct batch *b,
                         struct err *err)
{
    return e->is_dry || count_new(b) == 0 ||
           db_run(e->db, &sql_erase_events,
                  ARGS(ARG_UUID(e->org_id), ARG_UUIDS(b->ids, b->count),
                       ARG_TIMES(b->times, b->count),
                       ARG_BYTESS(b->bytes, b->count)),
                  NULL, err);
}

/* The events behind the place, which moves. */
static bool read_events(const struct erase *e, struct str subject,
                        struct batch *b, int64_t *txid, struct id *last,
                        struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok = db_run(e->db, &sql_erase_events_read,
                     ARGS(ARG_UUID(e->org_id), ARG_TEXT(subject),
                          ARG_INT(*txid), ARG_UUID(*last)),
                     &rows, err);

    b->count = ok ? db_count(rows) : 0;
    assert(b->count <= BATCH);
    for (size_t i = 0; ok && i < b->count; i++) {
        b->ids[i] = db_uuid(rows, i, 0);
        b->times[i] = db_time(rows, i, 1);
        ok = clear_payload(e, b, i, db_bytes(rows, i, 2), err);
        *txid = db_int(rows, i, 3);
        *last = b->ids[i];
    }
    db_rows_free(rows);
    return ok;
}

/* An event that is clear already may have deliveries that are not. */
static bool erase_events_of(struct erase *e, struct str subject,
                            struct batch *b, struct err *err)
{
    struct id last = {{0}};
    int64_t txid = 0;
    bool ok = true;

    do {
        arena_reset(b->arena);
        ok = read_events(e, subject, b, &txid, &last, err) &&
             write_events(e, b, err) &&
             (b->count == 0 || erase_deliveries(e, b, err));
        e->rows[ERASE_EVENTS] += ok ? (int64_t)count_new(b) : 0;
        say(e);
    } while (ok && b->count == BATCH);
    return ok;
}

/* --- the outbox ------------------------------------------------------------
 */

static bool read_outbox(const struct erase *e, struct str subject,
                        unsigned shard, struct batch *b, struct err *err)
{
    struct db_rows *rows = NULL;
    int64_t after = b->count == 0 ? -1 : b->times[b->count - 1];
    bool ok = db_run(e->db, &sql_erase_outbox_read,
                     ARGS(ARG_UUID(e->org_id), ARG_INT(shard),
                          ARG_TEXT(subject), ARG_INT(after)),
                     &rows, err);

    b->count = ok ? db_count(rows) : 0;
    for (size_t i = 0; ok && i < b->count; i++) {
        b->times[i] = db_int(rows, i, 0); /* The row's number. */
        ok = clear_payload(e, b, i, db_bytes(rows, i, 1), err);
    }
    db_rows_free(rows);
    return ok;
}

static bool erase_outbox_of(struct erase *e, struct str subject, unsigned shard,
                            struct batch *b, struct err *err)
{
    bool ok = true;

    b->count = 0;
    do {
        arena_reset(b->arena);
        ok = read_outbox(e, subject, shard, b, err);
        if (ok && count_new(b) > 0 && !e->is_dry) {
            ok = db_run(e->db, &sql_erase_outbox,
                        ARGS(ARG_UUID(e->org_id), ARG_INT(shard),
                             ARG_INTS(b->times, b->count),
                             ARG_BYTESS(b->bytes, b->count)),
                        NULL, err);
        }
        e->rows[ERASE_OUTBOX] += ok ? (int64_t)count_new(b) : 0;
    } while (ok && b->count == BATCH);
    return ok;
}

/* All that was told of one thing: the subject, or an evacuation. */
static bool erase_told(struct erase *e, enum id_kind kind, struct id id,
                       struct batch *b, struct err *err)
{
    struct id_text text = id_text(kind, id);
    struct str subject = str_of(text.data);

    return erase_outbox_of(e, subject, event_shard(id), b, err) &&
           erase_events_of(e, subject, b, err);
}

static bool erase_rosters(struct erase *e, struct batch *b, struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok =
        db_run(e->db, &sql_erase_rosters,
               ARGS(ARG_UUID(e->org_id), ARG_UUID(e->id), ARG_BOOL(e->is_dry)),
               &rows, err);

    for (size_t i = 0; ok && i < db_count(rows); i++) {
        e->rows[ERASE_ROSTERS] += db_bool(rows, i, 1);
        ok = erase_told(e, ID_EVACUATION, db_uuid(rows, i, 0), b, err);
    }
    db_rows_free(rows);
    return ok;
}

/* --- kept answers ----------------------------------------------------------
 */

/* Sealed, so each is opened to see. Only what is still as it was read. One that
 * can't be is counted, unless nobody is given it any more. */
static bool erase_kept(struct erase *e, const struct idempotency_token *token,
                       struct str sealed, bool is_live, struct arena *arena,
                       struct err *err)
{
    const struct sha256 who = idempotency_identity(token);
    struct str context = {(const char *)who.bytes, SHA256_BYTES};
    struct id_text subject = id_text(e->kind, e->id);
    struct buf plain = BUF_EMPTY;
    struct buf clear = BUF_EMPTY;
    struct buf again = BUF_EMPTY;
    bool found = false;
    struct err why = ERR_NONE;
    bool ok = true;

    if (!seal_open(e->keys, sealed, context, &plain, &why) ||
        !erase_answer(buf_str(&plain), str_of(subject.data), arena, &clear,
                      &found, &why)) {
        e->unreadable += is_live;
        found = false;
    }
    found = found && !str_eq(buf_str(&plain), buf_str(&clear));
    if (found && !e->is_dry) {
        seal_close(e->keys, buf_str(&clear), context, &again);
        ok = db_run(e->db, &sql_erase_answer,
                    ARGS(ARG_UUID(token->org_id), ARG_UUID(token->key_id),
                         ARG_TEXT(token->route), ARG_TEXT(token->text),
                         ARG_BYTES(sealed), ARG_BYTES(buf_str(&again))),
                    NULL, err);
    }
    e->rows[ERASE_ANSWERS] += ok && found;
    crypt_wipe(plain.data, plain.len);
    buf_free(&plain);
    buf_free(&clear);
    buf_free(&again);
    return ok;
}

static bool erase_kept_batch(struct erase *e, struct idempotency_token *last,
                             struct arena *arena, size_t *count,
                             struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok = db_run(e->db, &sql_erase_answers_read,
                     ARGS(ARG_UUID(e->org_id), ARG_UUID(last->key_id),
                          ARG_TEXT(last->route), ARG_TEXT(last->text),
                          ARG_TIME(e->now_us)),
                     &rows, err);

    *count = ok ? db_count(rows) : 0;
    for (size_t i = 0; ok && i < *count; i++) {
        const struct idempotency_token token = {
            e->org_id, db_uuid(rows, i, 0),
            arena_str(arena, db_text(rows, i, 1)),
            arena_str(arena, db_text(rows, i, 2))};

        ok = erase_kept(e, &token, db_bytes(rows, i, 3), db_bool(rows, i, 4),
                        arena, err);
        *last = token;
    }
    db_rows_free(rows);
    return ok;
}

static bool erase_answers(struct erase *e, struct err *err)
{
    /* What the last one of a batch is called must outlive it. */
    struct arena *arenas[2] = {arena_new(ARENA_BYTES), arena_new(ARENA_BYTES)};
    struct idempotency_token last = {
        .org_id = e->org_id, .route = STR(""), .text = STR("")};
    size_t count = 0;
    size_t turn = 0;
    bool ok = true;

    do {
        struct arena *arena = arenas[turn++ % 2];

        arena_reset(arena);
        ok = erase_kept_batch(e, &last, arena, &count, err);
        say(e);
    } while (ok && count == BATCH);
    arena_free(arenas[0]);
    arena_free(arenas[1]);
    return ok;
}

bool erase_subject(struct erase *e, struct err *err)
{
    struct batch *b = mem_zero(1, sizeof *b);
    bool ok = false;

    assert(e->kind == ID_VISITOR || e->kind == ID_CONTRACTOR);
    b->arena = arena_new(ARENA_BYTES);
    ok = erase_own_row(e, err) && erase_told(e, e->kind, e->id, b, err) &&
         (e->kind != ID_VISITOR || erase_rosters(e, b, err)) &&
         erase_answers(e, err);
    arena_free(b->arena);
    free(b);
    return ok;
}

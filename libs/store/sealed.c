/* A batch is read, sealed anew in memory, and swapped in: compared with what
 * was read, so that a secret which was rotated meanwhile is never put back. The
 * visible row stays as it is, updated_at too. */
#include "store/sealed.h"

#include "store/idempotency.h"
#include "store/totp_secret.h"
#include "store_sql.h"
#include "webhook_headers.h"

#include <assert.h>

#define ARENA_BYTES 65536
#define BATCH_MAX 100 /* As in sql/sealed.sql. */

bool sealed_count(struct db *db, int64_t now_us, bool with_answers,
                  struct arena *arena, struct sealed_count **list,
                  size_t *count, struct err *err)
{
    struct db_rows *rows = NULL;
    struct sealed_count *all = NULL;

    if (!db_run(db, &sql_sealed_count,
                ARGS(ARG_TIME(now_us), ARG_BOOL(with_answers)), &rows, err)) {
        return false;
    }
    all = arena_zero(arena, db_count(rows) + 1, sizeof(*all));
    for (size_t i = 0; i < db_count(rows); i++) {
        struct str key_id = db_text(rows, i, 0);

        all[i] = (struct sealed_count){
            .key_id = key_id.data == NULL ? STR_NONE : arena_str(arena, key_id),
            .secrets = db_int(rows, i, 1),
            .previous = db_int(rows, i, 2),
            .headers = db_int(rows, i, 3),
            .answers = db_int(rows, i, 4),
            .certificates = db_int(rows, i, 5),
            .authenticators = db_int(rows, i, 6),
        };
    }
    *count = db_count(rows);
    *list = all;
    db_rows_free(rows);
    return true;
}

/* --- one value -------------------------------------------------------------
 */

static void note_unreadable(struct sealed_walk *walk, const char *what,
                            const struct err *why)
{
    if (walk->unreadable++ == 0) {
        walk->why = *why;
        (void)err_wrap(&walk->why, "%s", what);
    }
}

static void note_seen(struct sealed_walk *walk, size_t count)
{
    walk->seen += (int64_t)count;
    walk->is_done = count == 0;
}

/* A batch in the making. */
struct batch {
    const struct seal_keys *keys;
    struct sealed_walk *walk;
    struct arena *arena;
};

/* True when *out is the value under the first key and was not before. */
static bool reseal(const struct batch *b, struct str sealed, struct str context,
                   const char *what, struct str *out)
{
    struct buf plain = BUF_EMPTY;
    struct buf anew = BUF_EMPTY;
    struct err err = ERR_NONE;
    bool ok = false;

    if (str_eq(seal_key_id(sealed), str_of(b->keys->list[0].id))) {
        return false;
    }
    ok = seal_open(b->keys, sealed, context, &plain, &err);
    if (ok) {
        seal_close(b->keys, buf_str(&plain), context, &anew);
        *out = arena_str(b->arena, buf_str(&anew));
        crypt_wipe(plain.data, plain.len);
    } else {
        note_unreadable(b->walk, what, &err);
    }
    buf_free(&plain);
    buf_free(&anew);
    return ok;
}

/* --- webhooks --------------------------------------------------------------
 */

static const char *const webhook_contexts[] = {
    "", /* secret */
    "", /* secret_previous */
    WEBHOOK_HEADERS_CONTEXT,
    WEBHOOK_CLIENT_CONTEXT,
};
#define COLUMNS COUNT_OF(webhook_contexts) /* The most. */

/* Columns of the swap. */
struct swaps {
    size_t count;
    struct id org_ids[BATCH_MAX];
    struct id ids[BATCH_MAX];
    struct str read[COLUMNS][BATCH_MAX];
    struct str anew[COLUMNS][BATCH_MAX];
};

/* What of a row, behind org_id and id, is sealed: what follows the id in the
 * context, in the order of the statement's columns. */
struct sealed_columns {
    enum id_kind kind;
    size_t count;
    const char *const *contexts;
};

static void add_row(const struct db_rows *rows, size_t i,
                    const struct sealed_columns *columns, const struct batch *b,
                    struct swaps *s)
{
    struct id_text id = id_text(columns->kind, db_uuid(rows, i, 1));
    size_t n = s->count;
    bool is_new = false;

    for (size_t k = 0; k < columns->count; k++) {
        struct str context =
            arena_printf(b->arena, "%s%s", id.data, columns->contexts[k]);

        s->read[k][n] = s->anew[k][n] = db_bytes(rows, i, 2 + k);
        is_new |= s->read[k][n].data != NULL &&
                  reseal(b, s->read[k][n], context, id.data, &s->anew[k][n]);
    }
    if (is_new) {
        s->org_ids[n] = db_uuid(rows, i, 0);
        s->ids[n] = db_uuid(rows, i, 1);
        s->count++;
    }
}

static void note_swapped(struct sealed_walk *walk, const struct swaps *s,
                         const struct db_rows *rows)
{
    walk->rewrapped += db_changed(rows);
    walk->missed += (int64_t)s->count - db_changed(rows);
}

static bool swap_webhooks(struct db *db, const struct swaps *s,
                          struct sealed_walk *walk, struct err *err)
{
    struct db_rows *rows = NULL;

    if (s->count == 0) {
        return true;
    }
    if (!db_run(db, &sql_sealed_webhooks_swap,
                ARGS(ARG_UUIDS(s->org_ids, s->count),
                     ARG_UUIDS(s->ids, s->count),
                     ARG_BYTESS(s->read[0], s->count),
                     ARG_BYTESS(s->read[1], s->count),
                     ARG_BYTESS(s->read[2], s->count),
                     ARG_BYTESS(s->read[3], s->count),
                     ARG_BYTESS(s->anew[0], s->count),
                     ARG_BYTESS(s->anew[1], s->count),
                     ARG_BYTESS(s->anew[2], s->count),
                     ARG_BYTESS(s->anew[3], s->count)),
                &rows, err)) {
        return false;
    }
    note_swapped(walk, s, rows);
    db_rows_free(rows);
    return true;
}

/* --- people ----------------------------------------------------------------
 */

static const char *const people_contexts[] = {
    TOTP_SECRET_CONTEXT, /* totp_secret */
    TOTP_SECRET_CONTEXT, /* totp_pending */
};

static bool swap_people(struct db *db, const struct swaps *s,
                        struct sealed_walk *walk, struct err *err)
{
    struct db_rows *rows = NULL;

    if (s->count == 0) {
        return true;
    }
    if (!db_run(db, &sql_sealed_people_swap,
                ARGS(ARG_UUIDS(s->org_ids, s->count),
                     ARG_UUIDS(s->ids, s->count),
                     ARG_BYTESS(s->read[0], s->count),
                     ARG_BYTESS(s->read[1], s->count),
                     ARG_BYTESS(s->anew[0], s->count),
                     ARG_BYTESS(s->anew[1], s->count)),
                &rows, err)) {
        return false;
    }
    note_swapped(walk, s, rows);
    db_rows_free(rows);
    return true;
}

/* --- what has a key of (org_id, id) ----------------------------------------
 */

/* A batch's statement, what of a row is to be sealed anew, and the swap. */
struct by_id {
    const struct sql *batch;
    struct sealed_columns columns;
    bool (*swap)(struct db *db, const struct swaps *s, struct sealed_walk *walk,
                 struct err *err);
};

static bool rewrap_by_id(struct db *db, const struct batch *b,
                         const struct by_id *what, struct err *err)
{
    struct sealed_walk *walk = b->walk;
    struct swaps *s = arena_zero(b->arena, 1, sizeof(*s));
    struct db_rows *rows = NULL;
    size_t count = 0;
    bool ok =
        db_run(db, what->batch,
               ARGS(ARG_UUID(walk->org_id), ARG_UUID(walk->id)), &rows, err);

    if (!ok) {
        return false;
    }
    count = db_count(rows);
    assert(count <= BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        add_row(rows, i, &what->columns, b, s);
    }
    ok = what->swap(db, s, walk, err);
    if (ok && count > 0) {
        walk->org_id = db_uuid(rows, count - 1, 0);
        walk->id = db_uuid(rows, count - 1, 1);
    }
    if (ok) {
        note_seen(walk, count);
    }
    db_rows_free(rows);
    return ok;
}

static bool rewrap_webhooks(struct db *db, const struct batch *b,
                            struct err *err)
{
    static const struct by_id what = {
        &sql_sealed_webhooks,
        {ID_WEBHOOK, COUNT_OF(webhook_contexts), webhook_contexts},
        swap_webhooks};

    return rewrap_by_id(db, b, &what, err);
}

static bool rewrap_people(struct db *db, const struct batch *b, struct err *err)
{
    static const struct by_id what = {
        &sql_sealed_people,
        {ID_USER, COUNT_OF(people_contexts), people_contexts},
        swap_people};

    return rewrap_by_id(db, b, &what, err);
}

/* --- kept answers ----------------------------------------------------------
 */

struct answers {
    struct swaps s; /* ids: of keys */
    struct str routes[BATCH_MAX];
    struct str tokens[BATCH_MAX];
};

static void add_answer(const struct db_rows *rows, size_t i,
                       const struct batch *b, struct answers *a)
{
    const struct idempotency_token token = {
        db_uuid(rows, i, 0), db_uuid(rows, i, 1), db_text(rows, i, 2),
        db_text(rows, i, 3)};
    struct sha256 who = idempotency_identity(&token);
    size_t n = a->s.count;

    a->s.read[0][n] = db_bytes(rows, i, 4);
    if (a->s.read[0][n].data == NULL ||
        !reseal(b, a->s.read[0][n],
                (struct str){(const char *)who.bytes, SHA256_BYTES},
                "a kept answer", &a->s.anew[0][n])) {
        return;
    }
    a->s.org_ids[n] = token.org_id;
    a->s.ids[n] = token.key_id;
    a->routes[n] = token.route;
    a->tokens[n] = token.text;
    a->s.count++;
}

static bool swap_answers(struct db *db, const struct answers *a,
                         struct sealed_walk *walk, struct err *err)
{
    struct db_rows *rows = NULL;
    size_t n = a->s.count;

    if (n == 0) {
        return true;
    }
    if (!db_run(db, &sql_sealed_answers_swap,
                ARGS(ARG_UUIDS(a->s.org_ids, n), ARG_UUIDS(a->s.ids, n),
                     ARG_TEXTS(a->routes, n), ARG_TEXTS(a->tokens, n),
                     ARG_BYTESS(a->s.read[0], n), ARG_BYTESS(a->s.anew[0], n)),
                &rows, err)) {
        return false;
    }
    note_swapped(walk, &a->s, rows);
    db_rows_free(rows);
    return true;
}

static void move_on(struct sealed_walk *walk, const struct db_rows *rows,
                    size_t last)
{
    walk->org_id = db_uuid(rows, last, 0);
    walk->id = db_uuid(rows, last, 1);
    buf_clear(&walk->route);
    buf_add(&walk->route, db_text(rows, last, 2));
    buf_clear(&walk->token);
    buf_add(&walk->token, db_text(rows, last, 3));
}

static bool rewrap_answers(struct db *db, const struct batch *b,
                           struct err *err)
{
    struct sealed_walk *walk = b->walk;
    struct answers *a = arena_zero(b->arena, 1, sizeof(*a));
    struct buf head = BUF_EMPTY;
    struct db_rows *rows = NULL;
    size_t count = 0;
    bool ok = false;

    seal_head(b->keys, &head);
    ok = db_run(db, &sql_sealed_answers,
                ARGS(ARG_UUID(walk->org_id), ARG_UUID(walk->id),
                     ARG_TEXT(str_of(buf_cstr(&walk->route))),
                     ARG_TEXT(str_of(buf_cstr(&walk->token))),
                     ARG_BYTES(buf_str(&head)), ARG_TIME(walk->now_us)),
                &rows, err);
    buf_free(&head);
    if (!ok) {
        return false;
    }
    count = db_count(rows);
    assert(count <= BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        add_answer(rows, i, b, a);
    }
    ok = swap_answers(db, a, walk, err);
    if (ok && count > 0) {
        move_on(walk, rows, count - 1);
    }
    if (ok) {
        note_seen(walk, count);
    }
    db_rows_free(rows);
    return ok;
}

bool sealed_rewrap(struct db *db, const struct seal_keys *keys,
                   struct sealed_walk *walk, struct err *err)
{
    const struct batch b = {keys, walk, arena_new(ARENA_BYTES)};
    static bool (*const rewrap[SEALED_KIND_COUNT])(
        struct db *, const struct batch *, struct err *) = {
        [SEALED_WEBHOOKS] = rewrap_webhooks,
        [SEALED_ANSWERS] = rewrap_answers,
        [SEALED_PEOPLE] = rewrap_people,
    };
    bool ok = rewrap[walk->kind](db, &b, err);

    arena_free(b.arena);
    return ok;
}

void sealed_walk_done(struct sealed_walk *walk)
{
    buf_free(&walk->route);
    buf_free(&walk->token);
}

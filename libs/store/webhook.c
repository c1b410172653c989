/* Webhooks: who is told of what, with which secrets. */
#include "store/webhook.h"

#include "base/clock.h"
#include "row.h"
#include "webhook_headers.h"
#include "store_sql.h"

#define EVENTS_ALL ((1U << EVENT_TYPE_COUNT) - 1)

/* Names that this program does not know (a newer one wrote them) match
 * nothing here. */
static unsigned event_bits(const struct str *words, size_t count)
{
    unsigned bits = 0;

    for (size_t i = 0; i < count; i++) {
        enum event_type type;

        if (str_eq(words[i], STR("*"))) {
            return EVENTS_ALL;
        }
        if (event_type_find(words[i], &type)) {
            bits |= 1U << type;
        }
    }
    return bits;
}

/* --- targets ---------------------------------------------------------------
 */

/* The id's text is what a sealed secret is bound to. */
static bool open_secret(const struct seal_keys *keys, struct id id,
                        struct str sealed, struct arena *arena, struct str *out,
                        struct err *err)
{
    struct id_text context = id_text(ID_WEBHOOK, id);
    struct buf plain = BUF_EMPTY;
    bool ok = seal_open(keys, sealed, str_of(context.data), &plain, err);

    if (ok) {
        *out = arena_str(arena, buf_str(&plain));
        crypt_wipe(plain.data, plain.len);
    }
    buf_free(&plain);
    return ok;
}

/* "5,30": as its statement gives the schedule. */
static size_t waits_read(struct str text, struct arena *arena,
                         const int64_t **waits)
{
    int64_t *all = arena_zero(arena, WEBHOOK_WAITS_MAX, sizeof *all);
    struct str part = STR_NONE;
    uint64_t seconds = 0;
    size_t count = 0;

    while (count < WEBHOOK_WAITS_MAX && str_split(&text, ',', &part) &&
           str_to_u64(part, WEBHOOK_WAIT_MAX_S, &seconds)) {
        all[count++] = (int64_t)seconds * US_PER_S;
    }
    *waits = all;
    return count;
}

static struct webhook_target target_read(const struct db_rows *rows, size_t i,
                                         const struct seal_keys *keys,
                                         int64_t now_us, struct arena *arena,
                                         size_t *sealed_wrong)
{
    struct str *words = NULL;
    size_t word_count = db_texts(rows, i, 3, arena, &words);
    struct err ignored = ERR_NONE;
    struct webhook_target t = {
        .id = db_uuid(rows, i, 1),
        .url = arena_str(arena, db_text(rows, i, 2)),
        .events = event_bits(words, word_count),
        .is_enabled = db_bool(rows, i, 4),
        .by_subject = db_bool(rows, i, 5),
        .overlap_until_us = db_time(rows, i, 8),
        .is_open = db_bool(rows, i, 9),
        .client_expires_us = db_time(rows, i, 12),
        .updated_at_us = db_time(rows, i, 15),
    };

    if (!db_is_null(rows, i, 13)) {
        t.wait_count = waits_read(db_text(rows, i, 13), arena, &t.wait_us);
    }
    if (!db_is_null(rows, i, 14)) {
        t.max_age_us = db_int(rows, i, 14) * US_PER_S;
    }
    t.is_broken = !open_secret(keys, t.id, db_bytes(rows, i, 6), arena,
                               &t.secret, &ignored) ||
                  (!db_is_null(rows, i, 10) &&
                   !webhook_headers_open(keys, t.id, db_bytes(rows, i, 10),
                                         arena, &t.headers)) ||
                  (!db_is_null(rows, i, 11) &&
                   !webhook_client_open(keys, t.id, db_bytes(rows, i, 11),
                                        arena, &t.client_pem));
    if (t.is_broken) {
        (*sealed_wrong)++;
    }
    if (!db_is_null(rows, i, 7) && t.overlap_until_us > now_us &&
        !open_secret(keys, t.id, db_bytes(rows, i, 7), arena,
                     &t.secret_previous, &ignored)) {
        (*sealed_wrong)++;
    }
    return t;
}

bool webhook_targets(struct db *db, const struct seal_keys *keys,
                     struct id org_id, struct arena *arena,
                     struct webhook_target **list, size_t *count,
                     int64_t *version, size_t *sealed_wrong, struct err *err)
{
    struct db_rows *rows = NULL;
    struct webhook_target *all = NULL;
    size_t n = 0;
    size_t wrong = 0;
    int64_t now_us = clock_wall_us();

    if (!db_run(db, &sql_webhook_targets, ARGS(ARG_UUID(org_id)), &rows, err)) {
        return false;
    }
    if (db_count(rows) == 0) {
        db_rows_free(rows);
        return err_set(err, ERR_NOT_FOUND, "no organization %s",
                       id_text(ID_ORGANIZATION, org_id).data);
    }
    all = arena_zero(arena, db_count(rows), sizeof(*all));
    for (size_t i = 0; i < db_count(rows); i++) {
        if (!db_is_null(rows, i, 1)) {
            all[n++] = target_read(rows, i, keys, now_us, arena, &wrong);
        }
    }
    *version = db_int(rows, 0, 0);
    *list = all;
    *count = n;
    *sealed_wrong = wrong;
    db_rows_free(rows);
    return true;
}

bool webhook_secrets(struct db *db, const struct seal_keys *keys,
                     struct id org_id, struct id id, struct arena *arena,
                     struct webhook_secrets *out, struct err *err)
{
    struct db_rows *rows = NULL;
    struct webhook_secrets s = {.overlap_until_us = DB_TIME_NULL};
    struct err ignored = ERR_NONE;
    bool ok = db_run(db, &sql_webhook_secrets,
                     ARGS(ARG_UUID(org_id), ARG_UUID(id)), &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "the organization has no webhook %s",
                     id_text(ID_WEBHOOK, id).data);
    }
    ok = ok &&
         open_secret(keys, id, db_bytes(rows, 0, 0), arena, &s.current, err);
    if (ok) {
        if (!db_is_null(rows, 0, 1)) { /* If not, it is none any more. */
            (void)open_secret(keys, id, db_bytes(rows, 0, 1), arena,
                              &s.previous, &ignored);
        }
        s.overlap_until_us = db_time(rows, 0, 2);
        *out = s;
    }
    db_rows_free(rows);
    return ok;
}

/* --- as the API shows them -------------------------------------------------
 */

bool webhook_find(struct db *db, struct id org_id, struct id id, int64_t now_us,
                  struct arena *arena, Porter__V1__Webhook **out,
                  struct err *err)
{
    struct db_rows *rows = NULL;
    ProtobufCMessage *m = NULL;
    bool ok = db_run(db, &sql_webhook_find,
                     ARGS(ARG_UUID(org_id), ARG_UUID(id), ARG_TIME(now_us)),
                     &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "the organization has no webhook %s",
                     id_text(ID_WEBHOOK, id).data);
    }
    ok = ok &&
         row_message(rows, 0, &porter__v1__webhook__descriptor, arena, &m, err);
    if (ok) {
        *out = (Porter__V1__Webhook *)(void *)m;
    }
    db_rows_free(rows);
    return ok;
}

bool webhook_list(struct db *db, struct id org_id, struct id before, size_t max,
                  int64_t now_us, struct arena *arena,
                  Porter__V1__Webhook ***list, size_t *count, struct err *err)
{
    struct db_rows *rows = NULL;
    ProtobufCMessage **all = NULL;
    bool ok = db_run(db, &sql_webhook_list,
                     ARGS(ARG_UUID(org_id), ARG_UUID_OR_NULL(before),
                          ARG_INT((int64_t)max), ARG_TIME(now_us)),
                     &rows, err) &&
              row_messages(rows, &porter__v1__webhook__descriptor, arena, &all,
                           count, err);

    if (ok) {
        *list = (Porter__V1__Webhook **)(void *)all;
    }
    db_rows_free(rows);
    return ok;
}

/* Webhooks: who is told of what, with which secrets. */
#include "store/webhook.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/random.h"
#include "row.h"
#include "store/endpoint.h"
#include "store_sql.h"

#include <assert.h>

#define SECRET_BYTES 32
#define EVENTS_ALL ((1U << EVENT_TYPE_COUNT) - 1)

/* --- what an input must obey ---------------------------------------------- */

static size_t event_words(unsigned events, struct str words[EVENT_TYPE_COUNT])
{
    size_t count = 0;

    if (events == EVENTS_ALL) {
        words[0] = STR("*");
        return 1;
    }
    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++) {
        if ((events & (1U << i)) != 0) {
            words[count++] = str_of(event_types[i].name);
        }
    }
    return count;
}

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
                        struct str sealed, struct arena *arena, struct str *out)
{
    struct id_text context = id_text(ID_WEBHOOK, id);
    struct buf plain = BUF_EMPTY;
    struct err ignored = ERR_NONE;
    bool ok = seal_open(keys, sealed, str_of(context.data), &plain, &ignored);

    if (ok) {
        *out = arena_str(arena, buf_str(&plain));
        crypt_wipe(plain.data, plain.len);
    }
    buf_free(&plain);
    return ok;
}

static struct webhook_target target_read(const struct db_rows *rows, size_t i,
                                         const struct seal_keys *keys,
                                         int64_t now_us, struct arena *arena,
                                         size_t *sealed_wrong)
{
    struct str *words = NULL;
    size_t word_count = db_texts(rows, i, 3, arena, &words);
    struct webhook_target t = {
        .id = db_uuid(rows, i, 1),
        .url = arena_str(arena, db_text(rows, i, 2)),
        .events = event_bits(words, word_count),
        .is_enabled = db_bool(rows, i, 4),
        .by_subject = db_bool(rows, i, 5),
        .overlap_until_us = db_time(rows, i, 8),
    };

    if (!open_secret(keys, t.id, db_bytes(rows, i, 6), arena, &t.secret)) {
        t.is_enabled = false;
        (*sealed_wrong)++;
    }
    if (!db_is_null(rows, i, 7) && t.overlap_until_us > now_us &&
        !open_secret(keys, t.id, db_bytes(rows, i, 7), arena,
                     &t.secret_previous)) {
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

/* --- changes ----------------------------------------------------------------
 */

static void secret_make(struct buf *out)
{
    uint8_t bytes[SECRET_BYTES];

    random_bytes(bytes, sizeof bytes);
    BUF_ADD(out, WEBHOOK_SECRET_PREFIX);
    base64_add(out, bytes, sizeof bytes);
    crypt_wipe(bytes, sizeof bytes);
}

/* Lock the organization and count, so that two at once can't pass the limit. */
static bool check_room(struct tx *tx, struct id org_id, struct err *err)
{
    struct db_rows *locked = NULL;
    struct db_rows *total = NULL;
    bool ok =
        tx_run(tx, &sql_webhook_lock, ARGS(ARG_UUID(org_id)), &locked, err);

    if (ok && db_count(locked) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "no organization %s",
                     id_text(ID_ORGANIZATION, org_id).data);
    }
    ok = ok &&
         tx_run(tx, &sql_webhook_total, ARGS(ARG_UUID(org_id)), &total, err);
    if (ok && db_int(total, 0, 0) >= WEBHOOKS_PER_ORG_MAX) {
        ok = err_set(err, ERR_LIMITED,
                     "the organization has %d webhooks already, the most "
                     "there may be",
                     WEBHOOKS_PER_ORG_MAX);
    }
    db_rows_free(total);
    db_rows_free(locked);
    return ok;
}

static bool insert_row(struct tx *tx, struct id org_id, struct id id,
                       const struct webhook_input *in, struct str sealed,
                       struct str actor, struct err *err)
{
    struct str words[EVENT_TYPE_COUNT];
    size_t word_count = event_words(in->events, words);
    struct id_text subject = id_text(ID_WEBHOOK, id);
    struct id_text org = id_text(ID_ORGANIZATION, org_id);

    return tx_run(tx, &sql_webhook_insert,
                  ARGS(ARG_UUID(org_id), ARG_UUID(id), ARG_TEXT(in->url),
                       in->description.len == 0 ? ARG_NULL
                                                : ARG_TEXT(in->description),
                       ARG_TEXTS(words, word_count),
                       ARG_TEXT(in->by_subject ? STR("subject") : STR("none")),
                       ARG_BYTES(sealed), ARG_TIME(clock_wall_us()),
                       ARG_UUID(id_new()), ARG_TEXT(actor),
                       ARG_TEXT(str_of(subject.data))),
                  NULL, err) &&
           tx_run(tx, &sql_webhook_version_bump,
                  ARGS(ARG_UUID(org_id), ARG_TEXT(str_of(org.data))), NULL,
                  err);
}

bool webhook_insert(struct db *db, const struct seal_keys *keys,
                    struct id org_id, const struct webhook_input *in,
                    struct str actor, struct arena *arena, struct id *id,
                    struct str *secret, struct err *err)
{
    struct buf plain = BUF_EMPTY;
    struct buf sealed = BUF_EMPTY;
    struct tx *tx = NULL;
    struct id new_id = id_new();
    struct id_text context = id_text(ID_WEBHOOK, new_id);
    bool ok = false;

    if (in->events == 0 || (in->events & ~EVENTS_ALL) != 0) {
        return err_set(err, ERR_INVALID,
                       "a webhook needs at least one event, and only events "
                       "that exist");
    }
    if (!endpoint_check(in->url, in->is_development, err)) {
        return false;
    }
    secret_make(&plain);
    seal_close(keys, buf_str(&plain), str_of(context.data), &sealed);
    ok = tx_begin(db, &tx, err) && check_room(tx, org_id, err) &&
         insert_row(tx, org_id, new_id, in, buf_str(&sealed), actor, err) &&
         tx_commit(tx, err);
    tx_end(tx);
    if (ok) {
        *id = new_id;
        *secret = arena_str(arena, buf_str(&plain));
    }
    crypt_wipe(plain.data, plain.len);
    buf_free(&plain);
    buf_free(&sealed);
    return ok;
}

bool webhook_list(struct db *db, struct id org_id, struct arena *arena,
                  Porter__V1__Webhook ***list, size_t *count, struct err *err)
{
    struct db_rows *rows = NULL;
    ProtobufCMessage **all = NULL;
    bool ok =
        db_run(db, &sql_webhook_list, ARGS(ARG_UUID(org_id)), &rows, err) &&
        row_messages(rows, &porter__v1__webhook__descriptor, arena, &all, count,
                     err);

    if (ok) {
        *list = (Porter__V1__Webhook **)(void *)all;
    }
    db_rows_free(rows);
    return ok;
}

bool webhook_disable(struct db *db, struct id org_id, struct id id,
                     struct str reason, int64_t now_us, struct err *err)
{
    struct id_text subject = id_text(ID_WEBHOOK, id);
    struct id_text org = id_text(ID_ORGANIZATION, org_id);

    return db_run(db, &sql_webhook_disable,
                  ARGS(ARG_UUID(org_id), ARG_UUID(id), ARG_TEXT(reason),
                       ARG_TIME(now_us), ARG_UUID(id_new()),
                       ARG_TEXT(str_of(subject.data)),
                       ARG_TEXT(str_of(org.data))),
                  NULL, err);
}

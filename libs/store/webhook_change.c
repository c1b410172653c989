/* Changes of webhooks. Each bumps the organization's version of the list, is
 * announced and written to the audit log, in the statement that makes it. */
#include "store/webhook.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/random.h"
#include "guard/guard.h"
#include "signature/sign.h"
#include "store_sql.h"
#include "webhook_headers.h"

#include <assert.h>

#define SECRET_BYTES 32

/* --- what an input must obey ---------------------------------------------- */

bool webhook_is_event(struct str word)
{
    enum event_type ignored;

    return str_eq(word, STR("*")) || event_type_find(word, &ignored);
}

static bool has_word(const struct str *words, size_t count, struct str word)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(words[i], word)) {
            return true;
        }
    }
    return false;
}

/* Each once; "*" leaves no other. What was named one by one stays so: a type
 * that comes with a later version is not what was asked for. */
static size_t event_words(const struct webhook_input *in,
                          struct str words[EVENT_TYPE_COUNT])
{
    size_t count = 0;

    if (has_word(in->events, in->event_count, STR("*"))) {
        words[0] = STR("*");
        return 1;
    }
    for (size_t i = 0; i < in->event_count; i++) {
        if (!has_word(words, count, in->events[i])) {
            words[count++] = in->events[i];
        }
    }
    return count;
}

static bool check_input(const struct webhook_input *in, struct err *err)
{
    for (size_t i = 0; i < in->event_count; i++) {
        if (!webhook_is_event(in->events[i])) {
            return err_set(err, ERR_INVALID, "\"%.*s\" is no event",
                           STR_ARGS(in->events[i]));
        }
    }
    if (in->guard != NULL && !guard_url(in->guard, in->url, err)) {
        err->code = ERR_INVALID; /* Whichever rule it breaks. */
        return false;
    }
    return true;
}

/* --- changes ----------------------------------------------------------------
 */

static void secret_make(struct buf *out)
{
    uint8_t bytes[SECRET_BYTES];

    random_bytes(bytes, sizeof bytes);
    BUF_ADD(out, SIGN_SECRET_PREFIX);
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

static struct db_arg text_or_null(struct str s)
{
    return s.len == 0 ? ARG_NULL : ARG_TEXT(s);
}

static struct db_arg ordering_arg(const struct webhook_input *in)
{
    return ARG_TEXT(in->by_subject ? STR("subject") : STR("none"));
}

/* The waits as a column; NULL: as configured. */
static struct db_arg waits_arg(const struct webhook_input *in,
                               int64_t waits[WEBHOOK_WAITS_MAX])
{
    assert(in->wait_count <= WEBHOOK_WAITS_MAX);
    for (size_t i = 0; i < in->wait_count; i++) {
        waits[i] = in->waits_s[i];
    }
    return in->wait_count == 0 ? ARG_NULL : ARG_INTS(waits, in->wait_count);
}

static struct db_arg max_age_arg(const struct webhook_input *in)
{
    return in->max_age_s == 0 ? ARG_NULL : ARG_INT(in->max_age_s);
}

/* What is stored sealed. */
struct sealed {
    struct str secret;
    struct str headers; /* Empty: none. */
    struct str client;  /* The same. */
};

static struct db_arg bytes_or_null(struct str s)
{
    return s.len == 0 ? ARG_NULL : ARG_BYTES(s);
}

static struct db_arg client_text(const struct webhook_input *in,
                                 const char *text)
{
    return in->client_pem.len == 0 ? ARG_NULL : ARG_TEXT(str_of(text));
}

static struct db_arg client_end(const struct webhook_input *in)
{
    return ARG_TIME(in->client_pem.len == 0 ? DB_TIME_NULL
                                            : in->client.expires_us);
}

static bool insert_row(struct tx *tx, struct id org_id, struct id id,
                       const struct webhook_input *in,
                       const struct sealed *sealed, const struct author *by,
                       struct err *err)
{
    struct str names[GUARD_HEADERS_MAX];
    int64_t waits[WEBHOOK_WAITS_MAX];
    struct str words[EVENT_TYPE_COUNT];
    size_t word_count = event_words(in, words);
    struct id_text subject = id_text(ID_WEBHOOK, id);
    struct id_text org = id_text(ID_ORGANIZATION, org_id);

    webhook_headers_names(in, names);
    return tx_run(tx, &sql_webhook_insert,
                  ARGS(ARG_UUID(org_id), ARG_UUID(id), ARG_TEXT(in->url),
                       text_or_null(in->description),
                       ARG_TEXTS(words, word_count), ordering_arg(in),
                       ARG_BYTES(sealed->secret), ARG_TIME(clock_wall_us()),
                       ARG_UUID(id_new()), ARG_TEXT(by->actor),
                       ARG_TEXT(str_of(subject.data)),
                       ARG_BOOL(!in->is_disabled), ARG_TEXT(by->request_id),
                       bytes_or_null(sealed->headers),
                       ARG_TEXTS(names, in->header_count),
                       bytes_or_null(sealed->client),
                       client_text(in, in->client.subject),
                       client_text(in, in->client.fingerprint), client_end(in),
                       waits_arg(in, waits), max_age_arg(in),
                       ARG_TEXT(by->address)),
                  NULL, err) &&
           tx_run(tx, &sql_webhook_version_bump,
                  ARGS(ARG_UUID(org_id), ARG_TEXT(str_of(org.data))), NULL,
                  err);
}

/* A new secret and its sealed form. */
struct secret {
    struct buf plain;
    struct buf sealed;
};

static struct secret secret_new(const struct seal_keys *keys, struct id id)
{
    struct id_text context = id_text(ID_WEBHOOK, id);
    struct secret s = {BUF_EMPTY, BUF_EMPTY};

    secret_make(&s.plain);
    seal_close(keys, buf_str(&s.plain), str_of(context.data), &s.sealed);
    return s;
}

static void secret_free(struct secret *s)
{
    crypt_wipe(s->plain.data, s->plain.len);
    buf_free(&s->plain);
    buf_free(&s->sealed);
}

bool webhook_insert(struct db *db, const struct seal_keys *keys,
                    struct id org_id, const struct webhook_input *in,
                    const struct author *by, struct arena *arena, struct id *id,
                    struct str *secret, struct err *err)
{
    struct id new_id = id_new();
    struct secret made;
    struct buf headers = BUF_EMPTY;
    struct buf client = BUF_EMPTY;
    struct tx *tx = NULL;
    bool ok = false;

    assert(in->guard != NULL);
    if (in->event_count == 0) {
        return err_set(err, ERR_INVALID, "a webhook needs at least one event");
    }
    if (!check_input(in, err)) {
        return false;
    }
    made = secret_new(keys, new_id);
    webhook_headers_seal(keys, new_id, in, &headers);
    webhook_client_seal(keys, new_id, in, &client);
    const struct sealed sealed = {buf_str(&made.sealed), buf_str(&headers),
                                  buf_str(&client)};
    ok = tx_begin(db, &tx, err) && check_room(tx, org_id, err) &&
         insert_row(tx, org_id, new_id, in, &sealed, by, err) &&
         tx_commit(tx, err);
    tx_end(tx);
    if (ok) {
        *id = new_id;
        *secret = arena_str(arena, buf_str(&made.plain));
    }
    secret_free(&made);
    buf_free(&headers);
    buf_free(&client);
    return ok;
}

/* updated_at always grows, whatever the clock does. */
static int64_t next_us(const struct webhook_change *change)
{
    return MAX_OF(change->now_us, change->seen_us + 1);
}

bool webhook_update(struct db *db, const struct seal_keys *keys,
                    const struct webhook_change *change,
                    const struct webhook_input *in, bool *changed,
                    struct err *err)
{
    struct str names[GUARD_HEADERS_MAX];
    int64_t waits[WEBHOOK_WAITS_MAX];
    struct buf headers = BUF_EMPTY;
    struct buf client = BUF_EMPTY;
    struct str words[EVENT_TYPE_COUNT];
    size_t word_count = 0;
    struct id_text subject = id_text(ID_WEBHOOK, change->id);
    struct id_text org = id_text(ID_ORGANIZATION, change->org_id);
    struct db_rows *rows = NULL;

    if (!check_input(in, err)) {
        return false;
    }
    word_count = event_words(in, words);
    webhook_headers_names(in, names);
    webhook_headers_seal(keys, change->id, in, &headers);
    webhook_client_seal(keys, change->id, in, &client);
    bool ok = db_run(
        db, &sql_webhook_update,
        ARGS(ARG_UUID(change->org_id), ARG_UUID(change->id),
             ARG_TIME(change->seen_us), ARG_TEXT(in->url),
             text_or_null(in->description),
             word_count == 0 ? ARG_NULL : ARG_TEXTS(words, word_count),
             ARG_BOOL(!in->is_disabled), ordering_arg(in),
             ARG_TIME(next_us(change)),
             ARG_TEXTS(change->fields, change->field_count), ARG_UUID(id_new()),
             ARG_TEXT(change->by.actor), ARG_TEXT(str_of(subject.data)),
             ARG_TEXT(change->by.request_id), ARG_TEXT(str_of(org.data)),
             bytes_or_null(buf_str(&headers)),
             in->has_headers ? ARG_TEXTS(names, in->header_count) : ARG_NULL,
             ARG_BOOL(in->has_client), bytes_or_null(buf_str(&client)),
             client_text(in, in->client.subject),
             client_text(in, in->client.fingerprint), client_end(in),
             waits_arg(in, waits), max_age_arg(in),
             ARG_TEXT(change->by.address)),
        &rows, err);

    buf_free(&headers);
    buf_free(&client);
    if (ok) {
        *changed = db_count(rows) > 0;
    }
    db_rows_free(rows);
    return ok;
}

bool webhook_rotate(struct db *db, const struct seal_keys *keys,
                    const struct webhook_change *change,
                    int64_t overlap_until_us, struct arena *arena,
                    struct str *secret, struct err *err)
{
    struct id_text subject = id_text(ID_WEBHOOK, change->id);
    struct id_text org = id_text(ID_ORGANIZATION, change->org_id);
    struct secret made = secret_new(keys, change->id);
    struct db_rows *rows = NULL;
    bool ok = db_run(
        db, &sql_webhook_rotate,
        ARGS(ARG_UUID(change->org_id), ARG_UUID(change->id),
             ARG_TIME(change->seen_us), ARG_BYTES(buf_str(&made.sealed)),
             ARG_TIME(overlap_until_us), ARG_TIME(next_us(change)),
             ARG_UUID(id_new()), ARG_TEXT(change->by.actor),
             ARG_TEXT(str_of(subject.data)), ARG_TEXT(change->by.request_id),
             ARG_TEXT(str_of(org.data)), ARG_TEXT(change->by.address)),
        &rows, err);

    if (ok) {
        *secret = db_count(rows) > 0 ? arena_str(arena, buf_str(&made.plain))
                                     : STR_NONE;
    }
    db_rows_free(rows);
    secret_free(&made);
    return ok;
}

bool webhook_delete(struct db *db, const struct webhook_change *change,
                    bool *changed, struct err *err)
{
    struct id_text subject = id_text(ID_WEBHOOK, change->id);
    struct id_text org = id_text(ID_ORGANIZATION, change->org_id);
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_webhook_delete,
                ARGS(ARG_UUID(change->org_id), ARG_UUID(change->id),
                     ARG_TIME(change->seen_us), ARG_TIME(change->now_us),
                     ARG_UUID(id_new()), ARG_TEXT(change->by.actor),
                     ARG_TEXT(str_of(subject.data)),
                     ARG_TEXT(change->by.request_id),
                     ARG_TEXT(str_of(org.data)), ARG_TEXT(change->by.address)),
                &rows, err)) {
        return false;
    }
    *changed = db_count(rows) > 0;
    db_rows_free(rows);
    return true;
}

/* API keys: their form (pure) and their rows. */
#include "store/key.h"

#include "base/clock.h"
#include "base/codec.h"
#include "store_sql.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PREFIX_LEN (sizeof KEY_PREFIX - 1)
#define RANDOM_LEN 43
#define CHECK_LEN 6
#define HINT_LEN 4
#define HINT_MAX 160

_Static_assert(PREFIX_LEN + RANDOM_LEN + CHECK_LEN == KEY_LEN, "form");

const char *const key_scope_words[KEY_SCOPE_COUNT + 1] = {"visitors:read",
                                                          "visitors:write",
                                                          "locations:read",
                                                          "contractors:read",
                                                          "contractors:write",
                                                          "evacuations:read",
                                                          "evacuations:write",
                                                          "events:read",
                                                          "webhooks:read",
                                                          "webhooks:write",
                                                          NULL};

static void check_write(const char *text, char out[CHECK_LEN])
{
    struct str head = {text, PREFIX_LEN + RANDOM_LEN};

    base62_write(crc32_of(head), out, CHECK_LEN);
}

struct key_text key_make(void)
{
    struct key_text key = {{0}};

    memcpy(key.data, KEY_PREFIX, PREFIX_LEN);
    base62_random(key.data + PREFIX_LEN, RANDOM_LEN);
    check_write(key.data, key.data + PREFIX_LEN + RANDOM_LEN);
    return key;
}

static bool word(char *hint, const char *format, ...) PRINTF_LIKE(2, 3);

/* Always false, so that a fault is one return. */
static bool word(char *hint, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(hint, HINT_MAX, format, args);
    va_end(args);
    return false;
}

/* The first character that can stand in no key. */
static size_t bad_place(struct str text)
{
    size_t i = PREFIX_LEN;

    while (i < text.len && base62_is((struct str){text.data + i, 1})) {
        i++;
    }
    return i;
}

/* Is the form right? Else the hint says what is not: it never shows any of the
 * key, and the form is no secret. */
static bool check_form(struct str text, char *hint)
{
    char check[CHECK_LEN];
    size_t bad = 0;

    if (text.len == 0) {
        return word(hint, "The API key is empty.");
    }
    if (str_eq(text, STR("your_api_key_here"))) {
        return word(hint, "This is the placeholder from the documentation; put "
                          "your own API key there.");
    }
    if (!str_eq(text, str_trim(text)) || str_has(text, '"') ||
        str_has(text, '\'')) {
        return word(hint, "The API key has blanks or quotes around it.");
    }
    if (!str_starts(text, STR(KEY_PREFIX))) {
        return word(hint, "An API key begins with \"" KEY_PREFIX "\".");
    }
    bad = bad_place(text);
    if (bad < text.len) {
        return word(hint,
                    "The API key has at place %zu a character that no key has; "
                    "after the prefix there are only letters and digits.",
                    bad + 1);
    }
    if (text.len < KEY_LEN) {
        return word(hint, "The API key looks truncated: %zu of %d characters.",
                    text.len, KEY_LEN);
    }
    if (text.len > KEY_LEN) {
        return word(hint, "The API key is too long: %zu characters, not %d.",
                    text.len, KEY_LEN);
    }
    check_write(text.data, check);
    if (memcmp(check, text.data + KEY_LEN - CHECK_LEN, CHECK_LEN) != 0) {
        return word(hint,
                    "The API key is mistyped: its checksum does not fit.");
    }
    return true;
}

bool key_is_well_formed(struct str text, char hint[160])
{
    char unwanted[HINT_MAX];

    if (hint != NULL) {
        hint[0] = '\0';
    }
    return check_form(text, hint == NULL ? unwanted : hint);
}

struct sha256 key_hash(struct str text)
{
    return crypt_sha256(text);
}

/* --- rows ---------------------------------------------------------------- */

static struct str hash_str(const struct sha256 *hash)
{
    return (struct str){(const char *)hash->bytes, SHA256_BYTES};
}

/* "*" is every scope there is, now and later. Unknown words are no right. */
static unsigned scopes_read(struct str words)
{
    struct str word = STR_NONE;
    unsigned scopes = 0;

    while (str_split(&words, ' ', &word)) {
        if (str_eq(word, STR("*"))) {
            return SCOPE_ALL;
        }
        for (unsigned i = 0; i < KEY_SCOPE_COUNT; i++) {
            if (str_eq(word, str_of(key_scope_words[i]))) {
                scopes |= 1U << i;
            }
        }
    }
    return scopes;
}

static size_t scopes_write(unsigned scopes, struct str words[KEY_SCOPE_COUNT])
{
    size_t count = 0;

    if (scopes == SCOPE_ALL) {
        words[0] = STR("*");
        return 1;
    }
    for (unsigned i = 0; i < KEY_SCOPE_COUNT; i++) {
        if ((scopes & (1U << i)) != 0) {
            words[count++] = str_of(key_scope_words[i]);
        }
    }
    return count;
}

bool key_find(struct db *db, struct sha256 hash, int64_t now_us, bool *found,
              struct principal *out, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_key_find,
                ARGS(ARG_BYTES(hash_str(&hash)), ARG_TIME(now_us)), &rows,
                err)) {
        return false;
    }
    *found = db_count(rows) == 1;
    if (*found) {
        *out = (struct principal){
            .org_id = db_uuid(rows, 0, 0),
            .key_id = db_uuid(rows, 0, 1),
            .scopes = scopes_read(db_text(rows, 0, 2)),
            .rate_limit = (unsigned)db_int(rows, 0, 3),
            .expires_at_us = db_is_null(rows, 0, 4) ? 0 : db_time(rows, 0, 4),
        };
    }
    db_rows_free(rows);
    return true;
}

/* A new key's text, and what is stored of it. */
struct fresh {
    struct key_text text;
    struct sha256 hash;
    struct id id;
};

static struct fresh fresh_key(void)
{
    struct fresh f = {.text = key_make(), .id = id_new()};

    f.hash = key_hash((struct str){f.text.data, KEY_LEN});
    return f;
}

static struct str hint_of(const struct fresh *f)
{
    return (struct str){f->text.data + KEY_LEN - CHECK_LEN - HINT_LEN,
                        HINT_LEN};
}

bool key_insert(struct db *db, const struct key_input *in,
                struct key_text *text, struct id *id, struct err *err)
{
    struct fresh f = fresh_key();
    struct id_text subject = id_text(ID_KEY, f.id);
    struct str words[KEY_SCOPE_COUNT];
    size_t word_count = scopes_write(in->scopes, words);
    bool ok = false;

    assert((in->scopes & ~(unsigned)SCOPE_ALL) == 0);
    ok = db_run(db, &sql_key_insert,
                ARGS(ARG_UUID(in->org_id), ARG_UUID(f.id), ARG_TEXT(in->name),
                     ARG_BYTES(hash_str(&f.hash)), ARG_TEXT(hint_of(&f)),
                     ARG_TEXTS(words, word_count), ARG_TIME(clock_wall_us()),
                     ARG_UUID(id_new()), ARG_TEXT(in->by.actor),
                     ARG_TEXT(str_of(subject.data)), ARG_INT(in->rate_limit),
                     ARG_TIME(in->expires_at_us == 0 ? DB_TIME_NULL
                                                     : in->expires_at_us),
                     ARG_UUID_OR_NULL(in->created_by),
                     ARG_TEXT(in->by.request_id), ARG_TEXT(in->by.address)),
                NULL, err);
    if (ok) {
        *text = f.text;
        *id = f.id;
    }
    crypt_wipe(&f, sizeof f);
    return ok;
}

static bool read_rotation(const struct db_rows *rows, struct arena *arena,
                          struct key_rotation *out, struct err *err)
{
    if (db_count(rows) == 0) {
        return err_set(err, ERR_NOT_FOUND,
                       "the organization has no such live API key");
    }
    if (!db_is_null(rows, 0, 0)) {
        return err_set(err, ERR_CONFLICT,
                       "the API key was rotated before; rotate %s, which took "
                       "its place",
                       id_text(ID_KEY, db_uuid(rows, 0, 0)).data);
    }
    out->name = arena_str(arena, db_text(rows, 0, 1));
    out->scopes = scopes_read(db_text(rows, 0, 2));
    out->rate_limit = (unsigned)db_int(rows, 0, 3);
    out->expires_at_us = db_time(rows, 0, 4);
    out->old_ends_at_us = db_time(rows, 0, 5);
    return true;
}

bool key_rotate(struct db *db, struct id org_id, struct id key_id,
                int64_t now_us, int64_t ends_at_us, const struct author *by,
                struct arena *arena, struct key_rotation *out, struct err *err)
{
    struct fresh f = fresh_key();
    struct id_text old = id_text(ID_KEY, key_id);
    struct id_text new = id_text(ID_KEY, f.id);
    struct db_rows *rows = NULL;
    struct key_rotation made = {.text = f.text, .id = f.id};
    bool ok =
        db_run(db, &sql_key_rotate,
               ARGS(ARG_UUID(org_id), ARG_UUID(key_id), ARG_TIME(now_us),
                    ARG_UUID(f.id), ARG_BYTES(hash_str(&f.hash)),
                    ARG_TEXT(hint_of(&f)), ARG_TIME(ends_at_us),
                    ARG_UUID(id_new()), ARG_TEXT(by->actor),
                    ARG_TEXT(str_of(old.data)), ARG_TEXT(str_of(new.data)),
                    ARG_TEXT(by->request_id), ARG_TEXT(by->address)),
               &rows, err) &&
        read_rotation(rows, arena, &made, err);

    if (ok) {
        *out = made;
    }
    db_rows_free(rows);
    crypt_wipe(&f, sizeof f);
    crypt_wipe(&made.text, sizeof made.text);
    return ok;
}

bool key_touch(struct db *db, const struct key_use *uses, size_t count,
               struct err *err)
{
    struct id *orgs = mem_zero(count + 1, sizeof *orgs);
    struct id *keys = mem_zero(count + 1, sizeof *keys);
    int64_t *times = mem_zero(count + 1, sizeof *times);
    size_t n = 0;
    bool ok = false;

    assert(count <= KEY_TOUCH_MAX);
    for (size_t i = 0; i < count; i++) {
        if (uses[i].calls > 0) { /* Only refused is not used. */
            orgs[n] = uses[i].org_id;
            keys[n] = uses[i].key_id;
            times[n++] = uses[i].at_us;
        }
    }
    ok = db_run(
        db, &sql_key_touch,
        ARGS(ARG_UUIDS(orgs, n), ARG_UUIDS(keys, n), ARG_TIMES(times, n)), NULL,
        err);
    free(orgs);
    free(keys);
    free(times);
    return ok;
}

bool key_name(struct db *db, struct id org_id, struct id key_id,
              struct arena *arena, struct str *name, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_key_name, ARGS(ARG_UUID(org_id), ARG_UUID(key_id)),
                &rows, err)) {
        return false;
    }
    *name =
        db_count(rows) == 0 ? STR("") : arena_str(arena, db_text(rows, 0, 0));
    db_rows_free(rows);
    return true;
}

/* A user, or a program's name. */
static struct str creator_of(const struct db_rows *rows, size_t row,
                             struct arena *arena)
{
    if (!db_is_null(rows, row, 10)) {
        return arena_str(arena,
                         str_of(id_text(ID_USER, db_uuid(rows, row, 10)).data));
    }
    return arena_str(arena, db_text(rows, row, 11));
}

static struct key_row row_in(const struct db_rows *rows, size_t row,
                             struct arena *arena)
{
    return (struct key_row){
        .org_id = db_uuid(rows, row, 0),
        .id = db_uuid(rows, row, 1),
        .name = arena_str(arena, db_text(rows, row, 2)),
        .hint = arena_str(arena, db_text(rows, row, 3)),
        .scopes = scopes_read(db_text(rows, row, 4)),
        .rate_limit = (unsigned)db_int(rows, row, 5),
        .created_at_us = db_time(rows, row, 6),
        .expires_at_us = db_time(rows, row, 7),
        .last_used_at_us = db_time(rows, row, 8),
        .revoked_at_us = db_time(rows, row, 9),
        .created_by = creator_of(rows, row, arena),
        .rotated_to = db_uuid(rows, row, 12),
        .maker = arena_str(arena, db_text(rows, row, 13)),
    };
}

bool key_list(struct db *db, struct id org_id, struct id before, size_t max,
              struct arena *arena, struct key_row **list, size_t *count,
              struct err *err)
{
    struct db_rows *rows = NULL;
    struct key_row *all = NULL;

    if (!db_run(db, &sql_key_list,
                ARGS(ARG_UUID(org_id), ARG_UUID_OR_NULL(before),
                     ARG_INT((int64_t)max)),
                &rows, err)) {
        return false;
    }
    *count = db_count(rows);
    all = arena_zero(arena, *count + 1, sizeof(*all));
    for (size_t i = 0; i < *count; i++) {
        all[i] = row_in(rows, i, arena);
    }
    db_rows_free(rows);
    *list = all;
    return true;
}

bool key_show(struct db *db, struct id org_id, struct id key_id,
              struct arena *arena, struct key_row *out, struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok = db_run(db, &sql_key_show,
                     ARGS(ARG_UUID(org_id), ARG_UUID(key_id)), &rows, err);

    if (ok && db_count(rows) == 0) {
        ok =
            err_set(err, ERR_NOT_FOUND, "the organization has no such API key");
    }
    if (ok) {
        *out = row_in(rows, 0, arena);
    }
    db_rows_free(rows);
    return ok;
}

bool key_revoke(struct db *db, struct id org_id, struct id key_id,
                struct str reason, const struct author *by, int64_t now_us,
                struct sha256 *hash, struct err *err)
{
    struct id_text subject = id_text(ID_KEY, key_id);
    struct db_rows *rows = NULL;
    bool ok = db_run(db, &sql_key_revoke,
                     ARGS(ARG_UUID(org_id), ARG_UUID(key_id), ARG_TIME(now_us),
                          ARG_TEXT(reason), ARG_UUID(id_new()),
                          ARG_TEXT(by->actor), ARG_TEXT(str_of(subject.data)),
                          ARG_TEXT(by->request_id), ARG_TEXT(by->address)),
                     &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "the organization has no API key %s",
                     subject.data);
    }
    if (ok) {
        struct str bytes = db_bytes(rows, 0, 0);

        assert(bytes.len == SHA256_BYTES);
        memcpy(hash->bytes, bytes.data, SHA256_BYTES);
    }
    db_rows_free(rows);
    return ok;
}

bool key_epoch(struct db *db, int64_t *epoch, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_key_epoch, ARGS_NONE, &rows, err)) {
        return false;
    }
    assert(db_count(rows) == 1);
    *epoch = db_int(rows, 0, 0);
    db_rows_free(rows);
    return true;
}

bool key_epoch_bump(struct db *db, struct err *err)
{
    return db_run(db, &sql_key_epoch_bump, ARGS_NONE, NULL, err);
}

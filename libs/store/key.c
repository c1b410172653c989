/* API keys: their form (pure) and their rows. */
#include "store/key.h"

#include "base/clock.h"
#include "base/codec.h"
#include "store_sql.h"

#include <assert.h>
#include <stdio.h>

#define PREFIX_LEN (sizeof KEY_PREFIX - 1)
#define RANDOM_LEN 43
#define CHECK_LEN 6
#define HINT_LEN 4

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

/* What is wrong with the form; NULL when nothing is. */
static const char *form_fault(struct str text)
{
    char check[CHECK_LEN];
    struct str body;

    if (text.len == 0) {
        return "The API key is empty.";
    }
    if (str_eq(text, STR("your_api_key_here"))) {
        return "This is the placeholder from the documentation; put your own "
               "API key there.";
    }
    if (!str_eq(text, str_trim(text)) || str_has(text, '"') ||
        str_has(text, '\'')) {
        return "The API key has blanks or quotes around it.";
    }
    if (!str_starts(text, STR(KEY_PREFIX))) {
        return "An API key begins with \"" KEY_PREFIX "\".";
    }
    if (text.len != KEY_LEN) {
        return text.len < KEY_LEN ? "The API key is cut off: it has 59 "
                                    "characters."
                                  : "The API key is too long: it has 59 "
                                    "characters.";
    }
    body = (struct str){text.data + PREFIX_LEN, text.len - PREFIX_LEN};
    if (!base62_is(body)) {
        return "The API key has a character that no key has; after the prefix "
               "there are only letters and digits.";
    }
    check_write(text.data, check);
    if (memcmp(check, text.data + KEY_LEN - CHECK_LEN, CHECK_LEN) != 0) {
        return "The API key is mistyped: its checksum does not fit.";
    }
    return NULL;
}

bool key_is_well_formed(struct str text, char hint[160])
{
    const char *fault = form_fault(text);

    if (hint != NULL) {
        (void)snprintf(hint, 160, "%s", fault == NULL ? "" : fault);
    }
    return fault == NULL;
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

bool key_insert(struct db *db, struct id org_id, struct str name,
                unsigned scopes, unsigned rate_limit, struct str actor,
                struct key_text *text, struct id *id, struct err *err)
{
    struct key_text key = key_make();
    struct sha256 hash = key_hash((struct str){key.data, KEY_LEN});
    struct id new_id = id_new();
    struct id_text subject = id_text(ID_KEY, new_id);
    struct str hint = {key.data + KEY_LEN - CHECK_LEN - HINT_LEN, HINT_LEN};
    struct str words[KEY_SCOPE_COUNT];
    size_t word_count = scopes_write(scopes, words);
    bool ok =
        db_run(db, &sql_key_insert,
               ARGS(ARG_UUID(org_id), ARG_UUID(new_id), ARG_TEXT(name),
                    ARG_BYTES(hash_str(&hash)), ARG_TEXT(hint),
                    ARG_TEXTS(words, word_count), ARG_TIME(clock_wall_us()),
                    ARG_UUID(id_new()), ARG_TEXT(actor),
                    ARG_TEXT(str_of(subject.data)), ARG_INT(rate_limit)),
               NULL, err);

    assert((scopes & ~(unsigned)SCOPE_ALL) == 0);
    if (ok) {
        *text = key;
        *id = new_id;
    }
    crypt_wipe(&key, sizeof key);
    return ok;
}

bool key_list(struct db *db, struct id org_id, struct arena *arena,
              struct key_row **list, size_t *count, struct err *err)
{
    struct db_rows *rows = NULL;
    struct key_row *all = NULL;
    size_t n = 0;

    if (!db_run(db, &sql_key_list, ARGS(ARG_UUID(org_id)), &rows, err)) {
        return false;
    }
    n = db_count(rows);
    all = arena_zero(arena, n + 1, sizeof(*all));
    for (size_t i = 0; i < n; i++) {
        all[i] = (struct key_row){
            .org_id = db_uuid(rows, i, 0),
            .id = db_uuid(rows, i, 1),
            .name = arena_str(arena, db_text(rows, i, 2)),
            .hint = arena_str(arena, db_text(rows, i, 3)),
            .scopes = scopes_read(db_text(rows, i, 4)),
            .rate_limit = (unsigned)db_int(rows, i, 5),
            .created_at_us = db_time(rows, i, 6),
            .expires_at_us = db_time(rows, i, 7),
            .last_used_at_us = db_time(rows, i, 8),
            .revoked_at_us = db_time(rows, i, 9),
        };
    }
    db_rows_free(rows);
    *list = all;
    *count = n;
    return true;
}

bool key_revoke(struct db *db, struct id org_id, struct id key_id,
                struct str reason, struct str actor, int64_t now_us,
                struct sha256 *hash, struct err *err)
{
    struct id_text subject = id_text(ID_KEY, key_id);
    struct db_rows *rows = NULL;
    bool ok = db_run(db, &sql_key_revoke,
                     ARGS(ARG_UUID(org_id), ARG_UUID(key_id), ARG_TIME(now_us),
                          ARG_TEXT(reason), ARG_UUID(id_new()), ARG_TEXT(actor),
                          ARG_TEXT(str_of(subject.data))),
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

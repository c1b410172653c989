/* Rows of people. */
#include "store/person.h"

#include "base/codec.h"
#include "base/random.h"
#include "store_sql.h"

#include <stdio.h>

#define TOKEN_BYTES 32

const char *const role_words[ROLE_COUNT + 1] = {
    [ROLE_VIEWER] = "viewer",
    [ROLE_FRONT_DESK] = "front_desk",
    [ROLE_ADMIN] = "admin",
    [ROLE_OWNER] = "owner",
};

bool role_read(struct str word, enum role *out)
{
    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        if (str_eq(word, str_of(role_words[i]))) {
            *out = (enum role)i;
            return true;
        }
    }
    return false;
}

bool person_is_email(struct str s)
{
    struct str rest = s;
    struct str local = STR_NONE;

    return s.len <= EMAIL_MAX && str_split(&rest, '@', &local) &&
           local.len > 0 && rest.len > 0 && rest.data != NULL &&
           !str_has(rest, '@') && !str_has(s, ' ');
}

struct token token_make(void)
{
    uint8_t bytes[TOKEN_BYTES];
    struct buf text = BUF_EMPTY;
    struct token token = {0};

    random_bytes(bytes, sizeof bytes);
    base64url_add(&text, bytes, sizeof bytes);
    (void)snprintf(token.text, sizeof token.text, "%s", buf_cstr(&text));
    token.hash = crypt_sha256(str_of(token.text));
    crypt_wipe(bytes, sizeof bytes);
    crypt_wipe(text.data, text.len);
    buf_free(&text);
    return token;
}

bool token_hash(struct str text, struct sha256 *out)
{
    uint8_t bytes[TOKEN_BYTES];
    size_t len = 0;

    if (text.len != TOKEN_LEN ||
        !base64_read(text, bytes, sizeof bytes, &len) || len != sizeof bytes) {
        return false;
    }
    *out = crypt_sha256(text);
    return true;
}

/* NULL stays "not there". */
static struct str bytes_in(const struct db_rows *rows, size_t column,
                           struct arena *arena)
{
    return db_is_null(rows, 0, column)
               ? STR_NONE
               : arena_str(arena, db_bytes(rows, 0, column));
}

static struct str text_in(const struct db_rows *rows, size_t column,
                          struct arena *arena)
{
    return db_is_null(rows, 0, column)
               ? STR_NONE
               : arena_str(arena, db_text(rows, 0, column));
}

bool person_account(struct db *db, struct str email, struct arena *arena,
                    struct str *out, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_person_account, ARGS(ARG_TEXT(email)), &rows, err)) {
        return false;
    }
    *out = arena_str(arena, db_text(rows, 0, 0));
    db_rows_free(rows);
    return true;
}

bool person_by_email(struct db *db, struct str email, struct arena *arena,
                     bool *found, struct person_secrets *out, struct err *err)
{
    struct db_rows *rows = NULL;
    enum role role = ROLE_VIEWER;

    if (!db_run(db, &sql_person_by_email, ARGS(ARG_TEXT(email)), &rows, err)) {
        return false;
    }
    *found = db_count(rows) == 1 && role_read(db_text(rows, 0, 3), &role);
    if (*found) {
        *out = (struct person_secrets){
            .org_id = db_uuid(rows, 0, 0),
            .id = db_uuid(rows, 0, 1),
            .name = arena_str(arena, db_text(rows, 0, 2)),
            .role = role,
            .password = text_in(rows, 4, arena),
            .totp = bytes_in(rows, 5, arena),
            .is_disabled = db_bool(rows, 0, 6),
        };
    }
    db_rows_free(rows);
    return true;
}

bool person_kept(struct db *db, struct id org_id, struct id id,
                 struct arena *arena, struct person_kept *out, struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok = db_run(db, &sql_person_secrets,
                     ARGS(ARG_UUID(org_id), ARG_UUID(id)), &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "there is no such person any more");
    }
    if (ok) {
        *out = (struct person_kept){
            .password = text_in(rows, 0, arena),
            .totp = bytes_in(rows, 1, arena),
            .totp_pending = bytes_in(rows, 2, arena),
        };
    }
    db_rows_free(rows);
    return ok;
}

static enum role role_in(const struct db_rows *rows, size_t row, size_t column)
{
    enum role role = ROLE_VIEWER;

    (void)!role_read(db_text(rows, row, column), &role); /* By its CHECK. */
    return role;
}

static struct person person_in(const struct db_rows *rows, size_t row,
                               struct arena *arena)
{
    return (struct person){
        .id = db_uuid(rows, row, 0),
        .email = arena_str(arena, db_text(rows, row, 1)),
        .name = arena_str(arena, db_text(rows, row, 2)),
        .role = role_in(rows, row, 3),
        .has_totp = db_bool(rows, row, 4),
        .created_at_us = db_time(rows, row, 5),
        .last_seen_at_us = db_time(rows, row, 6),
        .disabled_at_us = db_time(rows, row, 7),
    };
}

bool person_find(struct db *db, struct id org_id, struct id id,
                 struct arena *arena, struct person *out, struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok = db_run(db, &sql_person_find, ARGS(ARG_UUID(org_id), ARG_UUID(id)),
                     &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "the organization has no such person");
    }
    if (ok) {
        *out = person_in(rows, 0, arena);
    }
    db_rows_free(rows);
    return ok;
}

bool person_list(struct db *db, struct id org_id, struct id after, size_t max,
                 struct arena *arena, struct person **list, size_t *count,
                 struct err *err)
{
    struct db_rows *rows = NULL;
    struct person *all = NULL;

    if (!db_run(db, &sql_person_list,
                ARGS(ARG_UUID(org_id), ARG_UUID_OR_NULL(after),
                     ARG_INT((int64_t)max)),
                &rows, err)) {
        return false;
    }
    *count = db_count(rows);
    all = arena_zero(arena, *count + 1, sizeof *all);
    for (size_t i = 0; i < *count; i++) {
        all[i] = person_in(rows, i, arena);
    }
    *list = all;
    db_rows_free(rows);
    return true;
}

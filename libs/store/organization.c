/* Organizations and their people. */
#include "store/organization.h"

#include "crypt/crypt.h"
#include "store/person.h"
#include "clean.h"
#include "store_sql.h"

#include <assert.h>

#define SLUG_MAX 63
#define ORIGIN_MAX 255

/* A host name's label: it becomes https://<slug>.<domain>/. */
static bool is_slug(struct str s)
{
    if (s.len == 0 || s.len > SLUG_MAX || s.data[0] == '-' ||
        s.data[s.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            return false;
        }
    }
    return true;
}

bool organization_insert(struct db *db, struct str name, struct str slug,
                         int64_t now_us, struct id *id, struct err *err)
{
    struct id new_id = id_new();

    if (name.len == 0) {
        return err_set(err, ERR_INVALID, "an organization needs a name");
    }
    if (!is_slug(slug)) {
        return err_set(err, ERR_INVALID,
                       "the slug \"%.*s\" is not 1 to %d lower-case letters, "
                       "digits and inner hyphens",
                       STR_ARGS(slug), SLUG_MAX);
    }
    if (!db_run(db, &sql_organization_insert,
                ARGS(ARG_UUID(new_id), ARG_TEXT(name), ARG_TEXT(slug),
                     ARG_TIME(now_us)),
                NULL, err)) {
        return err->code == ERR_CONFLICT
                   ? err_set(err, ERR_CONFLICT,
                             "the slug \"%.*s\" is taken; choose another one",
                             STR_ARGS(slug))
                   : false;
    }
    *id = new_id;
    return true;
}

bool organization_find(struct db *db, struct str id_or_slug, struct id *id,
                       struct err *err)
{
    struct db_rows *rows = NULL;
    struct id by_id = {{0}};
    bool ok = true;

    if (!id_read(ID_ORGANIZATION, id_or_slug, &by_id)) {
        by_id = (struct id){{0}};
    }
    if (!db_run(db, &sql_organization_find,
                ARGS(ARG_UUID_OR_NULL(by_id), ARG_TEXT(id_or_slug)), &rows,
                err)) {
        return false;
    }
    if (db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "there is no organization \"%.*s\"",
                     STR_ARGS(id_or_slug));
    } else {
        *id = db_uuid(rows, 0, 0);
    }
    db_rows_free(rows);
    return ok;
}

bool organization_only(struct db *db, bool *found, struct id *id,
                       struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_organization_only, ARGS_NONE, &rows, err)) {
        return false;
    }
    *found = db_count(rows) == 1;
    if (*found) {
        *id = db_uuid(rows, 0, 0);
    }
    db_rows_free(rows);
    return true;
}

bool organization_next(struct db *db, struct id after, bool *found,
                       struct id *id, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_organization_next, ARGS(ARG_UUID(after)), &rows,
                err)) {
        return false;
    }
    *found = db_count(rows) == 1;
    if (*found) {
        *id = db_uuid(rows, 0, 0);
    }
    db_rows_free(rows);
    return true;
}

/* --- origins ------------------------------------------------------------- */

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
}

/* "host" or "host:port", as browsers write them: in small letters. */
static bool is_authority(struct str s)
{
    struct str port = s;
    struct str host = STR_NONE;
    uint64_t number = 0;

    if (!str_split(&port, ':', &host) || host.len == 0) {
        return false;
    }
    for (size_t i = 0; i < host.len; i++) {
        if (!is_host_char(host.data[i])) {
            return false;
        }
    }
    return host.len == s.len ||
           (str_to_u64(port, 65535, &number) && number > 0);
}

static bool is_local(struct str authority)
{
    struct str host = STR_NONE;

    return str_split(&authority, ':', &host) &&
           (str_eq(host, STR("localhost")) || str_eq(host, STR("127.0.0.1")));
}

static bool is_origin(struct str s)
{
    static const struct str https = {"https://", 8};
    static const struct str http = {"http://", 7};

    if (s.len > ORIGIN_MAX) {
        return false;
    }
    if (str_starts(s, https)) {
        return is_authority((struct str){s.data + 8, s.len - 8});
    }
    s = str_starts(s, http) ? (struct str){s.data + 7, s.len - 7} : STR_NONE;
    return is_authority(s) && is_local(s);
}

bool cors_set(struct db *db, struct id org_id, const struct str *origins,
              size_t count, struct str actor, int64_t now_us, struct err *err)
{
    struct id_text subject = id_text(ID_ORGANIZATION, org_id);
    struct db_rows *rows = NULL;
    bool ok = true;

    if (count > CORS_ORIGINS_MAX) {
        return err_set(err, ERR_INVALID, "at most %d origins",
                       CORS_ORIGINS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_origin(origins[i])) {
            return err_set(err, ERR_INVALID,
                           "\"%.*s\" is no origin: write https://host or "
                           "https://host:port in small letters, without a "
                           "path (http:// for localhost only)",
                           STR_ARGS(origins[i]));
        }
    }
    if (!db_run(db, &sql_organization_cors_set,
                ARGS(ARG_UUID(org_id), ARG_TEXTS(origins, count),
                     ARG_UUID(id_new()), ARG_TIME(now_us), ARG_TEXT(actor),
                     ARG_TEXT(str_of(subject.data))),
                &rows, err)) {
        return false;
    }
    if (db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "there is no such organization");
    }
    db_rows_free(rows);
    return ok;
}

bool cors_list(struct db *db, struct arena *arena, struct cors_origin **list,
               size_t *count, struct err *err)
{
    struct db_rows *rows = NULL;
    struct cors_origin *all = NULL;
    size_t n = 0;

    if (!db_run(db, &sql_organization_cors_list, ARGS_NONE, &rows, err)) {
        return false;
    }
    n = db_count(rows);
    all = arena_zero(arena, n + 1, sizeof *all);
    for (size_t i = 0; i < n; i++) {
        all[i].origin = arena_str(arena, db_text(rows, i, 0));
        all[i].org_id = db_uuid(rows, i, 1);
    }
    db_rows_free(rows);
    *list = all;
    *count = n;
    return true;
}

bool user_insert(struct db *db, struct id org_id, struct str email,
                 struct str name, struct str role, struct str password,
                 int64_t now_us, struct id *id, struct err *err)
{
    struct buf hash = BUF_EMPTY;
    struct id new_id = id_new();
    enum role known = ROLE_VIEWER;
    bool ok = false;

    if (!person_is_email(email)) {
        return err_set(err, ERR_INVALID, "\"%.*s\" is no e-mail address",
                       STR_ARGS(email));
    }
    if (!role_read(role, &known)) {
        return err_set(err, ERR_INVALID,
                       "the role \"%.*s\" is none of owner, admin, "
                       "front_desk, viewer",
                       STR_ARGS(role));
    }
    if (password.data != NULL) {
        crypt_password_hash(password, &hash);
    }
    ok = db_run(db, &sql_user_insert,
                ARGS(ARG_UUID(org_id), ARG_UUID(new_id), ARG_TEXT(email),
                     ARG_TEXT(name), ARG_TEXT(role), ARG_TEXT(buf_str(&hash)),
                     ARG_TIME(now_us)),
                NULL, err);
    if (ok) {
        *id = new_id;
    } else if (err->code == ERR_CONFLICT) {
        (void)err_set(err, ERR_CONFLICT, "the e-mail %.*s has a user already",
                      STR_ARGS(email));
    } else if (err->code == ERR_INVALID) {
        (void)err_set(err, ERR_NOT_FOUND, "there is no such organization");
    }
    buf_free(&hash);
    return ok;
}

bool user_find(struct db *db, struct id org_id, struct str email, struct id *id,
               struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok = db_run(db, &sql_user_find,
                     ARGS(ARG_UUID(org_id), ARG_TEXT(email)), &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND,
                     "the organization has no user with the e-mail %.*s",
                     STR_ARGS(email));
    }
    if (ok) {
        *id = db_uuid(rows, 0, 0);
    }
    db_rows_free(rows);
    return ok;
}

bool audit_clean(struct db *db, int64_t before_us, int64_t *removed,
                 struct err *err)
{
    return clean_rows(db, &sql_audit_clean, before_us, AUDIT_CLEAN_MAX, removed,
                      err);
}

bool audit_write(struct db *db, struct id org_id, struct str actor,
                 struct str action, struct str subject, struct str detail_json,
                 struct str request_id, int64_t now_us, struct err *err)
{
    return db_run(db, &sql_audit_write,
                  ARGS(ARG_UUID(org_id), ARG_UUID(id_new()), ARG_TIME(now_us),
                       ARG_TEXT(actor), ARG_TEXT(action), ARG_TEXT(subject),
                       ARG_JSON(detail_json), ARG_TEXT(request_id)),
                  NULL, err);
}

bool audit_note(struct db *db, struct id org_id, struct str action,
                struct str subject, const struct author *by, int64_t now_us,
                struct err *err)
{
    return db_run(db, &sql_audit_note,
                  ARGS(ARG_UUID(org_id), ARG_UUID(id_new()), ARG_TIME(now_us),
                       ARG_TEXT(by->actor), ARG_TEXT(action), ARG_TEXT(subject),
                       ARG_NULL, ARG_NULL, ARG_TEXT(by->request_id),
                       ARG_TEXT(by->address)),
                  NULL, err);
}

/* Organizations and their people. */
#include "store/organization.h"

#include "crypt/crypt.h"
#include "store_sql.h"

#include <assert.h>

#define SLUG_MAX 63
#define EMAIL_MAX 254

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

static bool is_role(struct str role)
{
    return str_eq(role, STR("owner")) || str_eq(role, STR("admin")) ||
           str_eq(role, STR("front_desk")) || str_eq(role, STR("viewer"));
}

static bool is_email(struct str s)
{
    struct str rest = s;
    struct str local = STR_NONE;

    return s.len <= EMAIL_MAX && str_split(&rest, '@', &local) &&
           local.len > 0 && rest.len > 0 && rest.data != NULL &&
           !str_has(rest, '@') && !str_has(s, ' ');
}

bool user_insert(struct db *db, struct id org_id, struct str email,
                 struct str name, struct str role, struct str password,
                 int64_t now_us, struct id *id, struct err *err)
{
    struct buf hash = BUF_EMPTY;
    struct id new_id = id_new();
    bool ok = false;

    if (!is_email(email)) {
        return err_set(err, ERR_INVALID, "\"%.*s\" is no e-mail address",
                       STR_ARGS(email));
    }
    if (!is_role(role)) {
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

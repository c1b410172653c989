/* One-time links: for somebody new, and to set a new password. */
#include "store/person.h"

#include "base/clock.h"
#include "json/json.h"
#include "store_sql.h"

static struct str bytes_of(const struct sha256 *hash)
{
    return (struct str){(const char *)hash->bytes, SHA256_BYTES};
}

/* --- making -------------------------------------------------------------- */

static bool insert(struct db *db, struct invitation *in,
                   const struct author *by, struct token *token,
                   struct err *err)
{
    const bool is_reset = !id_is_zero(in->user_id);
    struct token made = token_make();
    struct id_text subject = is_reset ? id_text(ID_USER, in->user_id)
                                      : id_text(ID_INVITATION, in->id);
    struct buf after = BUF_EMPTY;
    struct db_rows *rows = NULL;
    struct json_writer w = json_writer(&after);
    struct str role = str_of(role_words[in->role]);
    bool ok = false;

    json_object_begin(&w);
    json_key(&w, STR("email"));
    json_add_text(&w, in->email);
    json_key(&w, STR("role"));
    json_add_text(&w, role);
    json_object_end(&w);
    ok = db_run(db, &sql_person_invite,
                ARGS(ARG_UUID(in->org_id), ARG_UUID(in->id),
                     ARG_UUID_OR_NULL(in->user_id), ARG_TEXT(in->email),
                     ARG_TEXT(role), ARG_BYTES(bytes_of(&made.hash)),
                     ARG_TEXT(by->actor), ARG_TIME(in->created_at_us),
                     ARG_TIME(in->expires_at_us), ARG_UUID(id_new()),
                     ARG_TEXT(str_of(subject.data)), ARG_JSON(buf_str(&after)),
                     ARG_INT(INVITATIONS_MAX),
                     ARG_TEXT(is_reset ? STR("person.password_reset")
                                       : STR("invitation.made")),
                     ARG_TEXT(by->address), ARG_TEXT(by->request_id),
                     ARG_TEXT(in->name.data == NULL ? STR("") : in->name)),
                &rows, err);
    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_LIMITED,
                     "%d links are waiting to be used; withdraw one",
                     INVITATIONS_MAX);
    }
    if (ok) {
        *token = made;
    }
    db_rows_free(rows);
    buf_free(&after);
    crypt_wipe(&made, sizeof made);
    return ok;
}

struct there {
    bool found;
    bool is_disabled;
    struct id id;
    enum role role;
};

static bool look(struct db *db, const struct invitation *in, struct there *out,
                 struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_person_find_by_email,
                ARGS(ARG_UUID(in->org_id), ARG_TEXT(in->email)), &rows, err)) {
        return false;
    }
    *out = (struct there){.found = db_count(rows) == 1};
    if (out->found) {
        out->id = db_uuid(rows, 0, 0);
        (void)!role_read(db_text(rows, 0, 2), &out->role); /* By its CHECK. */
        out->is_disabled = db_bool(rows, 0, 3);
    }
    db_rows_free(rows);
    return true;
}

bool invitation_make(struct db *db, struct invitation *in,
                     const struct author *by, int64_t now_us,
                     struct token *token, struct err *err)
{
    struct there there = {0};

    if (!person_is_email(in->email)) {
        return err_set(err, ERR_INVALID, "\"%.*s\" is no e-mail address",
                       STR_ARGS(in->email));
    }
    if (!look(db, in, &there, err)) {
        return false;
    }
    if (there.found && !there.is_disabled) {
        return err_set(err, ERR_CONFLICT,
                       "%.*s is one of the organization's people already",
                       STR_ARGS(in->email));
    }
    in->id = id_new();
    in->created_at_us = now_us;
    in->expires_at_us = now_us + INVITATION_MS * US_PER_MS;
    return insert(db, in, by, token, err);
}

bool invitation_make_reset(struct db *db, struct invitation *in,
                           const struct author *by, int64_t now_us,
                           struct token *token, struct err *err)
{
    struct there there = {0};

    if (!look(db, in, &there, err)) {
        return false;
    }
    if (!there.found || there.is_disabled) {
        return err_set(err, ERR_NOT_FOUND,
                       "the organization has nobody with the e-mail %.*s",
                       STR_ARGS(in->email));
    }
    in->id = id_new();
    in->user_id = there.id;
    in->role = there.role;
    in->created_at_us = now_us;
    in->expires_at_us = now_us + RESET_MS * US_PER_MS;
    return insert(db, in, by, token, err);
}

/* --- using --------------------------------------------------------------- */

static enum role role_in(const struct db_rows *rows, size_t row, size_t column)
{
    enum role role = ROLE_VIEWER;

    (void)!role_read(db_text(rows, row, column), &role); /* By its CHECK. */
    return role;
}

bool invitation_find(struct db *db, struct sha256 token, int64_t now_us,
                     struct arena *arena, bool *found, struct invitation *out,
                     struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_person_invitation_find,
                ARGS(ARG_BYTES(bytes_of(&token)), ARG_TIME(now_us)), &rows,
                err)) {
        return false;
    }
    *found = db_count(rows) == 1;
    if (*found) {
        *out = (struct invitation){
            .org_id = db_uuid(rows, 0, 0),
            .id = db_uuid(rows, 0, 1),
            .organization = arena_str(arena, db_text(rows, 0, 2)),
            .email = arena_str(arena, db_text(rows, 0, 3)),
            .role = role_in(rows, 0, 4),
            .user_id = db_uuid(rows, 0, 5),
        };
    }
    db_rows_free(rows);
    return true;
}

/* Found is whether a row came back. */
static bool changed_one(struct tx *tx, const struct sql *sql,
                        const struct db_arg *args, size_t count, bool *changed,
                        struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok = tx_run(tx, sql, args, count, &rows, err);

    if (ok) {
        *changed = db_count(rows) == 1;
    }
    db_rows_free(rows);
    return ok;
}

struct acceptance {
    const struct invitation *in;
    struct str name;
    struct str password;
    int64_t now_us;
};

/* Two statements: the second sees sessions that began until the first had its
 * turn at the row. */
static bool set_password(struct tx *tx, const struct acceptance *a,
                         struct err *err)
{
    bool changed = false;

    if (!changed_one(tx, &sql_person_password_set,
                     ARGS(ARG_UUID(a->in->org_id), ARG_UUID(a->in->user_id),
                          ARG_TEXT(a->password), ARG_TEXT(STR_NONE)),
                     &changed, err)) {
        return false;
    }
    if (!changed) {
        return err_set(err, ERR_NOT_FOUND, "there is no such person any more");
    }
    return tx_run(
        tx, &sql_person_session_end_all,
        ARGS(ARG_UUID(a->in->org_id), ARG_UUID(a->in->user_id), ARG_NULL), NULL,
        err);
}

static bool make_person(struct tx *tx, const struct acceptance *a,
                        struct err *err)
{
    const struct invitation *in = a->in;
    struct str role = str_of(role_words[in->role]);
    bool revived = false;

    if (!changed_one(tx, &sql_person_revive,
                     ARGS(ARG_UUID(in->org_id), ARG_TEXT(in->email),
                          ARG_TEXT(a->name), ARG_TEXT(role),
                          ARG_TEXT(a->password)),
                     &revived, err)) {
        return false;
    }
    if (revived ||
        tx_run(tx, &sql_person_insert,
               ARGS(ARG_UUID(in->org_id), ARG_UUID(id_new()),
                    ARG_TEXT(in->email), ARG_TEXT(a->name), ARG_TEXT(role),
                    ARG_TEXT(a->password), ARG_TIME(a->now_us)),
               NULL, err)) {
        return true;
    }
    return err->code == ERR_CONFLICT
               ? err_set(err, ERR_CONFLICT,
                         "%.*s can not be used: it is in use already",
                         STR_ARGS(in->email))
               : false;
}

static bool take(struct tx *tx, struct sha256 token, int64_t now_us,
                 struct arena *arena, struct invitation *out, struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok =
        tx_run(tx, &sql_person_invitation_take,
               ARGS(ARG_BYTES(bytes_of(&token)), ARG_TIME(now_us)), &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND,
                     "this link was used, withdrawn, or is over");
    }
    if (ok) {
        *out = (struct invitation){
            .org_id = db_uuid(rows, 0, 0),
            .id = db_uuid(rows, 0, 1),
            .email = arena_str(arena, db_text(rows, 0, 2)),
            .role = role_in(rows, 0, 3),
            .user_id = db_uuid(rows, 0, 4),
            .name = arena_str(arena, db_text(rows, 0, 5)),
        };
    }
    db_rows_free(rows);
    return ok;
}

static bool note(struct tx *tx, const struct invitation *in,
                 const struct author *by, int64_t now_us, struct err *err)
{
    struct id_text subject = id_is_zero(in->user_id)
                                 ? id_text(ID_INVITATION, in->id)
                                 : id_text(ID_USER, in->user_id);

    return tx_run_commit(
        tx, &sql_audit_note,
        ARGS(ARG_UUID(in->org_id), ARG_UUID(id_new()), ARG_TIME(now_us),
             ARG_TEXT(in->email),
             ARG_TEXT(id_is_zero(in->user_id) ? STR("invitation.accepted")
                                              : STR("person.password_set")),
             ARG_TEXT(str_of(subject.data)), ARG_NULL, ARG_NULL,
             ARG_TEXT(by->request_id), ARG_TEXT(by->address)),
        err);
}

bool invitation_accept(struct db *db, struct sha256 token, struct str name,
                       struct str password, const struct author *by,
                       int64_t now_us, struct err *err)
{
    struct arena *arena = arena_new(1024);
    struct invitation in = {0};
    struct acceptance a = {&in, name, password, now_us};
    struct tx *tx = NULL;
    bool ok = tx_begin(db, &tx, err) &&
              take(tx, token, now_us, arena, &in, err) &&
              (id_is_zero(in.user_id) ? make_person(tx, &a, err)
                                      : set_password(tx, &a, err)) &&
              note(tx, &in, by, now_us, err);

    tx_end(tx);
    arena_free(arena);
    return ok;
}

/* --- lists --------------------------------------------------------------- */

bool invitation_list(struct db *db, struct id org_id, int64_t now_us,
                     struct arena *arena, struct invitation **list,
                     size_t *count, struct err *err)
{
    struct db_rows *rows = NULL;
    struct invitation *all = NULL;

    if (!db_run(
            db, &sql_person_invitation_list,
            ARGS(ARG_UUID(org_id), ARG_TIME(now_us), ARG_INT(INVITATIONS_MAX)),
            &rows, err)) {
        return false;
    }
    *count = db_count(rows);
    all = arena_zero(arena, *count + 1, sizeof *all);
    for (size_t i = 0; i < *count; i++) {
        all[i] = (struct invitation){
            .org_id = org_id,
            .id = db_uuid(rows, i, 0),
            .email = arena_str(arena, db_text(rows, i, 1)),
            .role = role_in(rows, i, 2),
            .created_by = arena_str(arena, db_text(rows, i, 3)),
            .created_at_us = db_time(rows, i, 4),
            .expires_at_us = db_time(rows, i, 5),
            /* Whether there is one is all that a list tells. */
            .user_id = {{db_bool(rows, i, 6) ? 1 : 0}},
        };
    }
    *list = all;
    db_rows_free(rows);
    return true;
}

bool invitation_delete(struct db *db, struct id org_id, struct id id,
                       const struct author *by, int64_t now_us, struct err *err)
{
    struct id_text subject = id_text(ID_INVITATION, id);
    struct db_rows *rows = NULL;
    bool ok = db_run(db, &sql_person_invitation_delete,
                     ARGS(ARG_UUID(org_id), ARG_UUID(id), ARG_UUID(id_new()),
                          ARG_TIME(now_us), ARG_TEXT(by->actor),
                          ARG_TEXT(str_of(subject.data)), ARG_TEXT(by->address),
                          ARG_TEXT(by->request_id)),
                     &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "no such invitation waits");
    }
    db_rows_free(rows);
    return ok;
}

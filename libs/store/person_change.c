/* Changes of people: one after the other in an organization, so that it always
 * has an owner. */
#include "store/person.h"

#include "store_sql.h"

static bool judge(const struct db_rows *rows, struct err *err)
{
    if (!db_bool(rows, 0, 0)) {
        return err_set(err, ERR_NOT_FOUND,
                       "the organization has no such person");
    }
    return db_bool(rows, 0, 1) ||
           err_set(err, ERR_CONFLICT,
                   "an organization keeps at least one owner; make another "
                   "one first");
}

/* Two statements: the second sees what was done until the first had its turn.
 */
static bool run_in_turn(struct tx *tx, struct id org_id, const struct sql *sql,
                        const struct db_arg *args, size_t count,
                        struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok = tx_run(tx, &sql_person_lock, ARGS(ARG_UUID(org_id)), NULL, err) &&
              tx_run(tx, sql, args, count, &rows, err) && judge(rows, err);

    db_rows_free(rows);
    return ok;
}

bool person_update(struct db *db, const struct person_change *change,
                   struct err *err)
{
    struct id_text subject = id_text(ID_USER, change->id);
    struct str role =
        change->role == NULL ? STR_NONE : str_of(role_words[*change->role]);
    struct tx *tx = NULL;
    bool ok =
        tx_begin(db, &tx, err) &&
        run_in_turn(
            tx, change->org_id, &sql_person_update,
            ARGS(ARG_UUID(change->org_id), ARG_UUID(change->id),
                 ARG_TEXT(change->name), ARG_TEXT(role), ARG_UUID(id_new()),
                 ARG_TIME(change->now_us), ARG_TEXT(change->by->actor),
                 ARG_TEXT(str_of(subject.data)),
                 ARG_TEXT(change->by->request_id),
                 ARG_TEXT(change->by->address), ARG_BOOL(change->may_owner)),
            err) &&
        tx_commit(tx, err);

    tx_end(tx);
    return ok;
}

bool person_remove(struct db *db, const struct person_change *change,
                   struct err *err)
{
    struct id_text subject = id_text(ID_USER, change->id);
    struct tx *tx = NULL;
    bool ok =
        tx_begin(db, &tx, err) &&
        run_in_turn(
            tx, change->org_id, &sql_person_remove,
            ARGS(ARG_UUID(change->org_id), ARG_UUID(change->id),
                 ARG_UUID(id_new()), ARG_TIME(change->now_us),
                 ARG_TEXT(change->by->actor), ARG_TEXT(str_of(subject.data)),
                 ARG_TEXT(change->by->request_id),
                 ARG_TEXT(change->by->address), ARG_BOOL(change->may_owner)),
            err) &&
        tx_run_commit(
            tx, &sql_person_session_end_all,
            ARGS(ARG_UUID(change->org_id), ARG_UUID(change->id), ARG_NULL),
            err);

    tx_end(tx);
    return ok;
}

static bool set_password(struct tx *tx, const struct password_change *c,
                         struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok = tx_run(tx, &sql_person_password_set,
                     ARGS(ARG_UUID(c->org_id), ARG_UUID(c->id),
                          ARG_TEXT(c->stored), ARG_TEXT(c->was)),
                     &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_CONFLICT,
                     "the password was changed at this very moment");
    }
    db_rows_free(rows);
    return ok;
}

bool person_set_password(struct db *db, const struct password_change *c,
                         struct err *err)
{
    struct id_text subject = id_text(ID_USER, c->id);
    struct tx *tx = NULL;
    bool ok =
        tx_begin(db, &tx, err) && set_password(tx, c, err) &&
        tx_run(tx, &sql_person_session_end_all,
               ARGS(ARG_UUID(c->org_id), ARG_UUID(c->id), ARG_UUID(c->keep)),
               NULL, err) &&
        tx_run_commit(tx, &sql_audit_note,
                      ARGS(ARG_UUID(c->org_id), ARG_UUID(id_new()),
                           ARG_TIME(c->now_us), ARG_TEXT(c->by->actor),
                           ARG_TEXT(STR("person.password_changed")),
                           ARG_TEXT(str_of(subject.data)), ARG_NULL, ARG_NULL,
                           ARG_TEXT(c->by->request_id),
                           ARG_TEXT(c->by->address)),
                      err);

    tx_end(tx);
    return ok;
}

bool person_totp_offer(struct db *db, struct id org_id, struct id id,
                       struct str sealed, struct err *err)
{
    return db_run(db, &sql_person_totp_offer,
                  ARGS(ARG_UUID(org_id), ARG_UUID(id), ARG_BYTES(sealed)), NULL,
                  err);
}

bool person_totp_take(struct db *db, struct id org_id, struct id id,
                      struct str sealed, int64_t step, bool *taken,
                      struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok = db_run(
        db, &sql_person_totp_take,
        ARGS(ARG_UUID(org_id), ARG_UUID(id), ARG_BYTES(sealed), ARG_INT(step)),
        &rows, err);

    if (ok) {
        *taken = db_count(rows) == 1;
    }
    db_rows_free(rows);
    return ok;
}

bool person_totp_drop(struct db *db, struct id org_id, struct id id,
                      bool *dropped, struct err *err)
{
    struct db_rows *rows = NULL;
    bool ok = db_run(db, &sql_person_totp_drop,
                     ARGS(ARG_UUID(org_id), ARG_UUID(id)), &rows, err);

    if (ok) {
        *dropped = db_count(rows) == 1;
    }
    db_rows_free(rows);
    return ok;
}

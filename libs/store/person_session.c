/* Rows of sessions. */
#include "store/person_session.h"

#include "base/clock.h"
#include "clean.h"
#include "store_sql.h"

static struct str bytes_of(const struct sha256 *hash)
{
    return (struct str){(const char *)hash->bytes, SHA256_BYTES};
}

static int64_t idle_since(int64_t now_us)
{
    return now_us - SESSION_IDLE_MS * US_PER_MS;
}

bool person_session_find(struct db *db, struct sha256 token, int64_t now_us,
                         struct arena *arena, bool *found,
                         struct person_session *out, struct err *err)
{
    struct db_rows *rows = NULL;
    enum role role = ROLE_VIEWER;
    bool ok = db_run(db, &sql_person_session_find,
                     ARGS(ARG_BYTES(bytes_of(&token)), ARG_TIME(now_us),
                          ARG_TIME(idle_since(now_us))),
                     &rows, err);

    if (!ok) {
        return false;
    }
    *found = db_count(rows) == 1 && role_read(db_text(rows, 0, 3), &role);
    if (*found) {
        *out = (struct person_session){
            .org_id = db_uuid(rows, 0, 0),
            .id = db_uuid(rows, 0, 1),
            .user_id = db_uuid(rows, 0, 2),
            .role = role,
            .email = arena_str(arena, db_text(rows, 0, 4)),
            .name = arena_str(arena, db_text(rows, 0, 5)),
            .organization = arena_str(arena, db_text(rows, 0, 6)),
            .has_totp = db_bool(rows, 0, 7),
            .last_seen_at_us = db_time(rows, 0, 8),
            .confirmed_until_us = db_time(rows, 0, 9),
        };
    }
    db_rows_free(rows);
    return true;
}

bool person_session_begin(struct db *db, const struct person_session_input *in,
                          struct token *token, bool *begun, struct err *err)
{
    struct token made = token_make();
    const struct id id = id_new();
    struct id_text subject = id_text(ID_SESSION, id);
    struct str agent = in->user_agent;
    struct db_rows *rows = NULL;
    bool ok = false;

    agent.len = MIN_OF(agent.len, (size_t)USER_AGENT_MAX);
    ok = db_run(
        db, &sql_person_session_begin,
        ARGS(ARG_UUID(in->who->org_id), ARG_UUID(in->who->id), ARG_UUID(id),
             ARG_BYTES(bytes_of(&made.hash)), ARG_TIME(in->now_us),
             ARG_TIME(in->now_us + SESSION_LIFE_MS * US_PER_MS),
             ARG_TEXT(in->by->address),
             ARG_TEXT(str_is_utf8(agent) ? agent : STR_NONE),
             ARG_UUID(id_new()), ARG_INT(SESSIONS_MAX - 1),
             ARG_BYTES(bytes_of(&in->before)), ARG_TEXT(in->who->password),
             ARG_INT(in->totp_step), ARG_TEXT(in->by->actor),
             ARG_TEXT(str_of(subject.data)), ARG_TEXT(in->by->request_id)),
        &rows, err);
    if (ok) {
        *begun = db_count(rows) == 1;
        *token = made;
    }
    db_rows_free(rows);
    crypt_wipe(&made, sizeof made);
    return ok;
}

bool person_session_seen(struct db *db, const struct person_session *s,
                         int64_t now_us, struct err *err)
{
    return now_us - s->last_seen_at_us < SESSION_SEEN_MS * US_PER_MS ||
           db_run(db, &sql_person_session_seen,
                  ARGS(ARG_UUID(s->org_id), ARG_UUID(s->id), ARG_TIME(now_us)),
                  NULL, err);
}

bool person_session_confirm(struct db *db, const struct person_session *s,
                            int64_t until_us, struct err *err)
{
    return db_run(
        db, &sql_person_session_confirm,
        ARGS(ARG_UUID(s->org_id), ARG_UUID(s->id), ARG_TIME(until_us)), NULL,
        err);
}

bool person_session_end(struct db *db, struct id org_id, struct id user_id,
                        struct id id, const struct author *by, int64_t now_us,
                        struct err *err)
{
    struct id_text subject = id_text(ID_SESSION, id);
    struct db_rows *rows = NULL;
    bool ok = db_run(db, &sql_person_session_end,
                     ARGS(ARG_UUID(org_id), ARG_UUID(user_id), ARG_UUID(id),
                          ARG_UUID(id_new()), ARG_TIME(now_us),
                          ARG_TEXT(by->actor), ARG_TEXT(str_of(subject.data)),
                          ARG_TEXT(by->address), ARG_TEXT(by->request_id)),
                     &rows, err);

    if (ok && db_count(rows) == 0) {
        ok =
            err_set(err, ERR_NOT_FOUND, "you have no session %s", subject.data);
    }
    db_rows_free(rows);
    return ok;
}

bool person_session_list(struct db *db, const struct person_session *s,
                         int64_t now_us, struct arena *arena,
                         struct person_session_row **list, size_t *count,
                         struct err *err)
{
    struct db_rows *rows = NULL;
    struct person_session_row *all = NULL;

    if (!db_run(db, &sql_person_session_list,
                ARGS(ARG_UUID(s->org_id), ARG_UUID(s->user_id),
                     ARG_TIME(now_us), ARG_TIME(idle_since(now_us)),
                     ARG_INT(SESSIONS_MAX)),
                &rows, err)) {
        return false;
    }
    *count = db_count(rows);
    all = arena_zero(arena, *count + 1, sizeof *all);
    for (size_t i = 0; i < *count; i++) {
        all[i] = (struct person_session_row){
            .id = db_uuid(rows, i, 0),
            .created_at_us = db_time(rows, i, 1),
            .last_seen_at_us = db_time(rows, i, 2),
            .address = arena_str(arena, db_text(rows, i, 3)),
            .user_agent = arena_str(arena, db_text(rows, i, 4)),
        };
    }
    *list = all;
    db_rows_free(rows);
    return true;
}

bool person_session_clean(struct db *db, int64_t now_us, int64_t *removed,
                          struct err *err)
{
    return clean_rows(db, &sql_person_session_clean, now_us, SESSION_CLEAN_MAX,
                      removed, err);
}

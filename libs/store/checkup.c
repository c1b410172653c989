/* Questions about PostgreSQL itself. */
#include "store/checkup.h"

#include "store_sql.h"

bool checkup_server(struct db *db, struct checkup_server *out, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_checkup_server, ARGS_NONE, &rows, err)) {
        return false;
    }
    *out = (struct checkup_server){
        .version = db_int(rows, 0, 0),
        .is_read_only = db_bool(rows, 0, 1),
        .is_durable = db_bool(rows, 0, 2),
        .has_autovacuum = db_bool(rows, 0, 3),
        .now_us = db_time(rows, 0, 4),
        .xid_age = db_int(rows, 0, 5),
        .oldest_open_us = db_time(rows, 0, 6),
    };
    db_rows_free(rows);
    return true;
}

bool checkup_connections(struct db *db, int64_t *free_count, int64_t *most,
                         struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_checkup_connections, ARGS_NONE, &rows, err)) {
        return false;
    }
    *free_count = db_int(rows, 0, 0);
    *most = db_int(rows, 0, 1);
    db_rows_free(rows);
    return true;
}

bool checkup_rights(struct db *db, struct arena *arena, struct str *lacks,
                    struct err *err)
{
    struct db_rows *rows = NULL;
    struct buf all = BUF_EMPTY;

    if (!db_run(db, &sql_checkup_rights, ARGS_NONE, &rows, err)) {
        return false;
    }
    for (size_t i = 0; i < db_count(rows); i++) {
        buf_addf(&all, "%s%.*s", i == 0 ? "" : ", ",
                 STR_ARGS(db_text(rows, i, 0)));
    }
    *lacks = all.len == 0 ? STR_NONE : arena_str(arena, buf_str(&all));
    buf_free(&all);
    db_rows_free(rows);
    return true;
}

bool checkup_partitions(struct db *db, int64_t now_us, int days,
                        struct arena *arena, struct str *first, size_t *missing,
                        struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_checkup_partitions,
                ARGS(ARG_TIME(now_us), ARG_INT(days)), &rows, err)) {
        return false;
    }
    *missing = db_count(rows);
    *first = *missing == 0 ? STR_NONE : arena_str(arena, db_text(rows, 0, 0));
    db_rows_free(rows);
    return true;
}

static bool try_secret(const struct seal_keys *keys, struct id webhook,
                       struct str sealed, struct err *err)
{
    struct id_text id = id_text(ID_WEBHOOK, webhook);
    struct buf plain = BUF_EMPTY;
    bool ok = seal_open(keys, sealed, str_of(id.data), &plain, err) ||
              err_wrap(err, "the secret of %s", id.data);

    if (plain.data != NULL) {
        crypt_wipe(plain.data, plain.len);
    }
    buf_free(&plain);
    return ok;
}

bool checkup_seals(struct db *db, const struct seal_keys *keys, size_t *opened,
                   struct err *err)
{
    struct db_rows *rows = NULL;
    struct id none = {0};
    bool ok = db_run(db, &sql_sealed_webhooks,
                     ARGS(ARG_UUID(none), ARG_UUID(none)), &rows, err);
    size_t count = ok ? db_count(rows) : 0;

    for (size_t i = 0; ok && i < count; i++) {
        ok = try_secret(keys, db_uuid(rows, i, 1), db_bytes(rows, i, 2), err);
    }
    if (ok) {
        *opened = count;
    }
    db_rows_free(rows);
    return ok;
}

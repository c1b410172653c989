/* Rows for the dashboard's own pages. */
#include "store/dashboard.h"

#include "base/clock.h"
#include "store_sql.h"

#include <assert.h>

/* --- the audit log ------------------------------------------------------- */

static struct str text_in(const struct db_rows *rows, size_t row, size_t column,
                          struct arena *arena)
{
    return db_is_null(rows, row, column)
               ? STR_NONE
               : arena_str(arena, db_text(rows, row, column));
}

static struct audit_entry entry_of(const struct db_rows *rows, size_t row,
                                   struct arena *arena)
{
    return (struct audit_entry){
        .id = db_uuid(rows, row, 0),
        .at_us = db_time(rows, row, 1),
        .actor = text_in(rows, row, 2, arena),
        .action = text_in(rows, row, 3, arena),
        .subject = text_in(rows, row, 4, arena),
        .before = text_in(rows, row, 5, arena),
        .after = text_in(rows, row, 6, arena),
        .detail = text_in(rows, row, 7, arena),
        .request_id = text_in(rows, row, 8, arena),
        .address = text_in(rows, row, 9, arena),
    };
}

static bool run_list(struct db *db, const struct audit_query *q,
                     struct db_rows **rows, struct err *err)
{
    const struct sql *sql = q->actor.len > 0   ? &sql_audit_list_of_actor
                            : q->about.len > 0 ? &sql_audit_list_about
                                               : &sql_audit_list;
    const struct db_arg args[] = {
        ARG_UUID(q->org_id), ARG_UUID_OR_NULL(q->before),
        ARG_INT((int64_t)q->max),
        ARG_TEXT(q->actor.len > 0 ? q->actor : q->about)};

    assert(q->actor.len == 0 || q->about.len == 0);
    return db_run(db, sql, args, sql->param_count, rows, err);
}

bool audit_list(struct db *db, const struct audit_query *query,
                struct arena *arena, struct audit_entry **list, size_t *count,
                struct err *err)
{
    struct db_rows *rows = NULL;
    struct audit_entry *all = NULL;

    if (!run_list(db, query, &rows, err)) {
        return false;
    }
    *count = db_count(rows);
    all = arena_zero(arena, *count + 1, sizeof *all);
    for (size_t i = 0; i < *count; i++) {
        all[i] = entry_of(rows, i, arena);
    }
    *list = all;
    db_rows_free(rows);
    return true;
}

bool audit_names(struct db *db, struct id org_id, const struct id *ids,
                 size_t id_count, struct arena *arena, struct audit_name **list,
                 size_t *count, struct err *err)
{
    struct db_rows *rows = NULL;
    struct audit_name *all = NULL;

    if (!db_run(db, &sql_audit_names,
                ARGS(ARG_UUID(org_id), ARG_UUIDS(ids, id_count)), &rows, err)) {
        return false;
    }
    *count = db_count(rows);
    all = arena_zero(arena, *count + 1, sizeof *all);
    for (size_t i = 0; i < *count; i++) {
        all[i].id = db_uuid(rows, i, 0);
        all[i].name = text_in(rows, i, 1, arena);
    }
    *list = all;
    db_rows_free(rows);
    return true;
}

bool audit_after(struct db *db, struct id org_id, struct id after,
                 struct arena *arena, struct audit_entry **list, size_t *count,
                 struct err *err)
{
    struct db_rows *rows = NULL;
    struct audit_entry *all = NULL;

    if (!db_run(db, &sql_audit_after, ARGS(ARG_UUID(org_id), ARG_UUID(after)),
                &rows, err)) {
        return false;
    }
    *count = db_count(rows);
    all = arena_zero(arena, *count + 1, sizeof *all);
    for (size_t i = 0; i < *count; i++) {
        all[i].id = db_uuid(rows, i, 0);
        all[i].at_us = db_time(rows, i, 1);
        all[i].action = text_in(rows, i, 2, arena);
        all[i].subject = text_in(rows, i, 3, arena);
    }
    *list = all;
    db_rows_free(rows);
    return true;
}

bool audit_newest(struct db *db, struct id org_id, struct id *out,
                  struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_audit_newest, ARGS(ARG_UUID(org_id)), &rows, err)) {
        return false;
    }
    *out = db_count(rows) == 0 ? (struct id){{0}} : db_uuid(rows, 0, 0);
    db_rows_free(rows);
    return true;
}

/* --- a day --------------------------------------------------------------- */

int64_t day_begin_us(int64_t now_us)
{
    return (now_us / US_PER_HOUR - (DAY_HOURS - 1)) * US_PER_HOUR;
}

static struct day_hour *hour_of(struct day *day, int64_t at_us)
{
    int64_t at = (at_us - day->hours[0].at_us) / US_PER_HOUR;

    return at >= 0 && at < DAY_HOURS ? &day->hours[at] : NULL;
}

static bool read_visitors(struct db *db, struct id org_id, int64_t now_us,
                          struct day *day, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_dashboard_visitors,
                ARGS(ARG_UUID(org_id), ARG_TIME(now_us)), &rows, err)) {
        return false;
    }
    day->on_site = db_int(rows, 0, 0);
    day->expected_today = db_int(rows, 0, 1);
    db_rows_free(rows);
    return true;
}

static bool read_deliveries(struct db *db, struct id org_id, struct day *day,
                            struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_dashboard_deliveries,
                ARGS(ARG_UUID(org_id), ARG_TIME(day->hours[0].at_us),
                     ARG_INT(DAY_ROWS_MAX)),
                &rows, err)) {
        return false;
    }
    for (size_t i = 0; i < db_count(rows); i++) {
        struct day_hour *hour = hour_of(day, db_time(rows, i, 0));

        if (hour != NULL) {
            hour->delivered = db_int(rows, i, 1);
            hour->failed = db_int(rows, i, 2);
            hour->waiting = db_int(rows, i, 3);
            hour->p50_ms = db_is_null(rows, i, 4) ? -1 : db_int(rows, i, 4);
            hour->p95_ms = db_is_null(rows, i, 5) ? -1 : db_int(rows, i, 5);
        }
    }
    db_rows_free(rows);
    return true;
}

static bool read_events(struct db *db, struct id org_id, struct day *day,
                        struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_dashboard_events,
                ARGS(ARG_UUID(org_id), ARG_TIME(day->hours[0].at_us),
                     ARG_INT(DAY_ROWS_MAX)),
                &rows, err)) {
        return false;
    }
    for (size_t i = 0; i < db_count(rows); i++) {
        struct day_hour *hour = hour_of(day, db_time(rows, i, 0));

        if (hour != NULL) {
            hour->events = db_int(rows, i, 1);
        }
    }
    db_rows_free(rows);
    return true;
}

bool day_read(struct db *db, struct id org_id, int64_t now_us, struct day *out,
              struct err *err)
{
    struct day day = {0};

    for (int64_t i = 0; i < DAY_HOURS; i++) {
        day.hours[i].at_us = day_begin_us(now_us) + i * US_PER_HOUR;
        day.hours[i].p50_ms = day.hours[i].p95_ms = -1;
    }
    if (!read_visitors(db, org_id, now_us, &day, err) ||
        !read_deliveries(db, org_id, &day, err) ||
        !read_events(db, org_id, &day, err)) {
        return false;
    }
    *out = day;
    return true;
}

bool attention_read(struct db *db, struct id org_id, int64_t now_us,
                    struct arena *arena, struct attention **list, size_t *count,
                    struct err *err)
{
    struct db_rows *rows = NULL;
    struct attention *all = NULL;

    if (!db_run(db, &sql_dashboard_attention,
                ARGS(ARG_UUID(org_id), ARG_TIME(now_us)), &rows, err)) {
        return false;
    }
    *count = db_count(rows);
    all = arena_zero(arena, *count + 1, sizeof *all);
    for (size_t i = 0; i < *count; i++) {
        all[i] = (struct attention){
            .kind = arena_str(arena, db_text(rows, i, 0)),
            .id = db_uuid(rows, i, 1),
            .name = arena_str(arena, db_text(rows, i, 2)),
            .at_us = db_time(rows, i, 3),
        };
    }
    *list = all;
    db_rows_free(rows);
    return true;
}

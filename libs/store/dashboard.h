/* What the dashboard shows beyond the API: the audit log, the numbers of a day,
 * and whether anything has changed. */
#ifndef PORTER_STORE_DASHBOARD_H
#define PORTER_STORE_DASHBOARD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "db/db.h"

/* --- the audit log ------------------------------------------------------- */

struct audit_entry {
    struct id id;
    int64_t at_us;
    struct str actor; /* usr_…, key_…, an e-mail, or a program's name */
    struct str action;
    struct str subject; /* Empty: none; as the following */
    struct str before;  /* JSON objects. */
    struct str after;
    struct str detail;
    struct str request_id;
    struct str address;
};

/* Which of them: one of the two at most, the other STR_NONE. */
struct audit_query {
    struct id org_id;
    struct id before; /* Behind this one; zero: from the newest. */
    struct str actor;
    struct str about; /* What the action's name begins with: "key" */
    size_t max;
};

/* Newest first. */
MUST_USE bool audit_list(struct db *db, const struct audit_query *query,
                         struct arena *arena, struct audit_entry **list,
                         size_t *count, struct err *err);

/* The names of people and keys: of those of `ids` that there are. */
struct audit_name {
    struct id id;
    struct str name;
};
MUST_USE bool audit_names(struct db *db, struct id org_id, const struct id *ids,
                          size_t id_count, struct arena *arena,
                          struct audit_name **list, size_t *count,
                          struct err *err);

/* The oldest first, behind one; a few. */
MUST_USE bool audit_after(struct db *db, struct id org_id, struct id after,
                          struct arena *arena, struct audit_entry **list,
                          size_t *count, struct err *err);

/* Zero: there is none. */
MUST_USE bool audit_newest(struct db *db, struct id org_id, struct id *out,
                           struct err *err);

/* --- a day --------------------------------------------------------------- */

#define DAY_HOURS 24 /* The last has not ended. */
/* When the first of them began. */
int64_t day_begin_us(int64_t now_us);
/* Rows that are looked at for one answer: beyond it the numbers are of some. */
#define DAY_ROWS_MAX 100000

struct day_hour {
    int64_t at_us;
    int64_t events;
    int64_t delivered;
    int64_t failed;
    int64_t waiting;
    int64_t p50_ms; /* -1: nothing was delivered */
    int64_t p95_ms;
};

struct day {
    int64_t on_site;
    int64_t expected_today;
    struct day_hour hours[DAY_HOURS]; /* The last has not ended. */
};
MUST_USE bool day_read(struct db *db, struct id org_id, int64_t now_us,
                       struct day *out, struct err *err);

struct attention {
    struct str kind;
    struct id id;
    struct str name;
    int64_t at_us;
};
MUST_USE bool attention_read(struct db *db, struct id org_id, int64_t now_us,
                             struct arena *arena, struct attention **list,
                             size_t *count, struct err *err);

#endif

/* Whether PostgreSQL is what Porter's promises rest on. */
#include "porterctl/doctor.h"

#include "base/clock.h"
#include "store/checkup.h"
#include "store/migrate.h"
#include "store/partition.h"

#include <stdlib.h>

#define VERSION_MIN 150000
#define VERSION_UNIT 10000
#define SKEW_WARNING_US (1 * US_PER_S)
#define SKEW_FAILED_US (10 * US_PER_S)
#define DAYS_WARNING 3                   /* Made ahead; gateways make 8. */
#define XID_AGE_WARNING 500000000        /* Of two thousand million, where */
#define XID_AGE_FAILED 1500000000        /* PostgreSQL stops. */
#define OPEN_WARNING_US (600 * US_PER_S) /* Ten minutes. */
#define SESSIONS_BESIDES                                                       \
    4 /* A process' own, beside its pool: relay, LISTEN.                       \
       */
#define REACH_SLOW_US (100 * US_PER_MS)

static bool ask(struct doctor *d, struct finding *f, struct checkup_server *out)
{
    struct db *db = NULL;
    struct err err = ERR_NONE;
    bool ok = false;

    if (!doctor_db(d, f, &db)) {
        return false;
    }
    ok = checkup_server(db, out, &err);
    if (!ok) {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
    }
    db_close(db);
    return ok;
}

void check_postgres_reach(struct doctor *d, struct finding *f)
{
    struct db *db = NULL;
    struct err err = ERR_NONE;
    int64_t began_us = 0;
    int64_t took_us = 0;

    if (!doctor_db(d, f, &db)) {
        return;
    }
    if (!db_ping(db, &err)) {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
        goto out;
    }
    began_us = clock_steady_us(); /* Connected now. */
    if (!db_ping(db, &err)) {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
        goto out;
    }
    took_us = clock_steady_us() - began_us;
    finding_add(f, took_us > REACH_SLOW_US ? VERDICT_WARNING : VERDICT_WELL,
                "a round trip takes %.1f ms", (double)took_us / US_PER_MS);

out:
    db_close(db);
}

void check_postgres_version(struct doctor *d, struct finding *f)
{
    struct checkup_server s;

    if (ask(d, f, &s)) {
        finding_add(f, s.version < VERSION_MIN ? VERDICT_FAILED : VERDICT_WELL,
                    "version %lld.%lld", (long long)s.version / VERSION_UNIT,
                    (long long)s.version % VERSION_UNIT);
    }
}

void check_postgres_primary(struct doctor *d, struct finding *f)
{
    struct checkup_server s;

    if (!ask(d, f, &s)) {
        return;
    }
    if (s.is_read_only) {
        finding_add(f, VERDICT_FAILED, "this one only reads");
    } else {
        finding_add(f, VERDICT_WELL, "it takes writes");
    }
}

void check_postgres_durable(struct doctor *d, struct finding *f)
{
    struct checkup_server s;

    if (!ask(d, f, &s)) {
        return;
    }
    if (s.is_durable) {
        finding_add(f, VERDICT_WELL, "what is committed stays");
    } else {
        finding_add(f,
                    doctor_is_development(d) ? VERDICT_WARNING : VERDICT_FAILED,
                    "a crash may lose what was answered with 2xx");
    }
}

void check_postgres_migrations(struct doctor *d, struct finding *f)
{
    struct db_options opts = ctl_db_options(d->ctl);
    struct migration_state *list =
        arena_zero(d->ctl->arena, MIGRATIONS_MAX, sizeof *list);
    struct err err = ERR_NONE;
    size_t count = 0;
    size_t applied = 0;

    if (!migrate_status(&opts, list, &count, &err)) {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
        return;
    }
    while (applied < count && list[applied].is_applied) {
        applied++;
    }
    if (applied < count) {
        finding_add(f, VERDICT_FAILED, "%zu of %zu are missing, from %s on",
                    count - applied, count, list[applied].name);
    } else {
        finding_add(f, VERDICT_WELL, "all %zu are applied", count);
    }
}

void check_postgres_rights(struct doctor *d, struct finding *f)
{
    struct str lacks = STR_NONE;
    struct db *db = NULL;
    struct err err = ERR_NONE;

    if (!doctor_db(d, f, &db)) {
        return;
    }
    if (!checkup_rights(db, d->ctl->arena, &lacks, &err)) {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
    } else if (lacks.data != NULL) {
        finding_add(f, VERDICT_FAILED, "the role lacks %.*s", STR_ARGS(lacks));
    } else {
        finding_add(f, VERDICT_WELL, "the role may do all that it has to");
    }
    db_close(db);
}

/* Days that are missing soon are made by the next gateway; today's are not. */
static void judge_days(struct doctor *d, struct db *db, struct finding *f)
{
    int64_t now_us = clock_wall_us();
    struct str first = STR_NONE;
    size_t missing = 0;
    struct err err = ERR_NONE;

    if (!checkup_partitions(db, now_us, DAYS_WARNING, d->ctl->arena, &first,
                            &missing, &err)) {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
    } else if (missing > 0) {
        finding_add(f, VERDICT_WARNING,
                    "%zu partitions of the next %d days are missing, the first "
                    "is %.*s",
                    missing, DAYS_WARNING, STR_ARGS(first));
    } else {
        finding_add(f, VERDICT_WELL, "the next %d days have theirs",
                    DAYS_WARNING);
    }
}

static void add_held(void *user, const struct err *why)
{
    finding_add(user, VERDICT_WARNING, "%s", why->text);
}

void check_postgres_partitions(struct doctor *d, struct finding *f)
{
    struct db *db = NULL;
    struct err err = ERR_NONE;

    if (!doctor_db(d, f, &db)) {
        return;
    }
    judge_days(d, db, f);
    if (!partitions_held(db, add_held, f, &err)) {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
    }
    db_close(db);
}

void check_postgres_clock(struct doctor *d, struct finding *f)
{
    int64_t before_us = clock_wall_us();
    struct checkup_server s;
    int64_t skew_us = 0;
    int64_t after_us = 0;

    if (!ask(d, f, &s)) {
        return;
    }
    after_us = clock_wall_us();
    if (s.now_us == DB_TIME_NULL) {
        finding_add(f, VERDICT_WARNING,
                    "not told (track_activities is off there)");
        return;
    }
    /* It answered between the two. */
    skew_us = s.now_us < before_us  ? s.now_us - before_us
              : s.now_us > after_us ? s.now_us - after_us
                                    : 0;
    finding_add(f,
                llabs(skew_us) > SKEW_FAILED_US    ? VERDICT_FAILED
                : llabs(skew_us) > SKEW_WARNING_US ? VERDICT_WARNING
                                                   : VERDICT_WELL,
                "PostgreSQL's clock is %.1f s %s ours",
                (double)llabs(skew_us) / US_PER_S,
                skew_us < 0 ? "behind" : "ahead of");
}

void check_postgres_connections(struct doctor *d, struct finding *f)
{
    int64_t pool = (int64_t)d->ctl->settings.common.db_pool + SESSIONS_BESIDES;
    struct db *db = NULL;
    struct err err = ERR_NONE;
    int64_t left = 0;
    int64_t most = 0;

    if (!doctor_db(d, f, &db)) {
        return;
    }
    if (!checkup_connections(db, &left, &most, &err)) {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
    } else {
        finding_add(f,
                    left < pool       ? VERDICT_FAILED
                    : left < 2 * pool ? VERDICT_WARNING
                                      : VERDICT_WELL,
                    "%lld may be opened still, of %lld; a process takes up to "
                    "%lld (PORTER_DB_POOL and %d)",
                    (long long)left, (long long)most, (long long)pool,
                    SESSIONS_BESIDES);
    }
    db_close(db);
}

void check_postgres_vacuum(struct doctor *d, struct finding *f)
{
    struct checkup_server s;

    if (!ask(d, f, &s)) {
        return;
    }
    if (!s.has_autovacuum) {
        finding_add(f, VERDICT_FAILED, "autovacuum or track_counts is off");
    }
    finding_add(f,
                s.xid_age > XID_AGE_FAILED    ? VERDICT_FAILED
                : s.xid_age > XID_AGE_WARNING ? VERDICT_WARNING
                                              : VERDICT_WELL,
                "the oldest row that is not frozen is %lld transactions old",
                (long long)s.xid_age);
}

void check_postgres_transactions(struct doctor *d, struct finding *f)
{
    struct checkup_server s;
    int64_t age_us = 0;

    if (!ask(d, f, &s)) {
        return;
    }
    age_us = s.oldest_open_us == DB_TIME_NULL
                 ? 0
                 : clock_wall_us() - s.oldest_open_us;
    if (age_us > OPEN_WARNING_US) {
        finding_add(f, VERDICT_WARNING, "one has been open for %lld s",
                    (long long)(age_us / US_PER_S));
    } else {
        finding_add(f, VERDICT_WELL, "none has been open for long");
    }
}

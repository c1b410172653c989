/* porterctl topics: what there should be, and making it. */
#include "porterctl/ctl.h"

#include "base/clock.h"
#include "bus/alter.h"
#include "bus/inspect.h"
#include "bus/topics.h"
#include "json/json.h"
#include "store/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define PARTITIONS 12
#define PARTITIONS_MAX 1000
#define REPLICATION_MAX 9
#define WAIT_MS 15000
#define LOOK_MS 100
#define TOPICS_MAX 16
#define DAY_MS (24LL * 3600 * 1000)
#define RETENTION_DAYS 7
#define DEAD_LETTERS_DAYS 30
#define LIST_COLUMNS 5
#define CHECK_COLUMNS 5
#define SETTINGS_MAX 5
#define DAYS_MAX 3650
#define COPIES 3  /* One broker may be away then, */
#define IN_SYNC 2 /* with so many that have all. */

static size_t topic_rows(int partitions, int replication,
                         struct topic_row rows[TOPICS_MAX])
{
    size_t count = 0;

    for (; event_topics[count] != NULL; count++) {
        rows[count] =
            (struct topic_row){event_topics[count], partitions, replication,
                               RETENTION_DAYS * DAY_MS, 0};
    }
    rows[count++] = (struct topic_row){event_dead_letters_topic, 1, replication,
                                       DEAD_LETTERS_DAYS * DAY_MS, 0};
    return count;
}

/* --- what was asked for ---------------------------------------------------
 */

struct wanted {
    int partitions;       /* Of event topics; 0: as they are. */
    int replication;      /* The same. */
    int64_t retention_ms; /* Of event topics, at least; 0: that of the row. */
    int min_insync;       /* 0: two where there are three copies. */
    bool is_forced;       /* Also what may do harm. */
};

static bool read_wanted(struct ctl *ctl, struct wanted *w, struct err *err)
{
    uint64_t partitions = 0;
    uint64_t replication = 0;
    uint64_t days = 0;
    uint64_t min_insync = 0;

    if (!ctl_number(ctl, "partitions", 1, PARTITIONS_MAX, 0, &partitions,
                    err) ||
        !ctl_number(ctl, "replication", 1, REPLICATION_MAX, 0, &replication,
                    err) ||
        !ctl_number(ctl, "retention-days", 1, DAYS_MAX, 0, &days, err) ||
        !ctl_number(ctl, "min-insync", 1, REPLICATION_MAX, 0, &min_insync,
                    err)) {
        return false;
    }
    *w = (struct wanted){(int)partitions, (int)replication,
                         (int64_t)days * DAY_MS, (int)min_insync, false};
    return true;
}

static size_t wanted_rows(const struct wanted *w,
                          struct topic_row rows[TOPICS_MAX])
{
    size_t count = topic_rows(w->partitions == 0 ? PARTITIONS : w->partitions,
                              w->replication == 0 ? -1 : w->replication, rows);

    for (size_t i = 0; i < count; i++) {
        rows[i].min_insync = w->min_insync != 0         ? w->min_insync
                             : w->replication >= COPIES ? IN_SYNC
                                                        : 0;
    }
    /* The last row is that of the dead letters. */
    for (size_t i = 0; w->retention_ms != 0 && i + 1 < count; i++) {
        rows[i].retention_ms = w->retention_ms;
    }
    return count;
}

/* --- differences ---------------------------------------------------------- */

enum cure {
    CURE_MAKE, /* It is missing. */
    CURE_APPLY,
    CURE_FORCE,    /* Breaks the order per key. */
    CURE_NEW,      /* Kafka can't take partitions away. */
    CURE_REASSIGN, /* Copies are moved by Kafka's own tool. */
    CURE_COPIES,   /* There are not so many copies. */
};

static const char *const cure_words[] = {
    [CURE_MAKE] = "porterctl topics apply",
    [CURE_APPLY] = "porterctl topics apply, with the same options",
    [CURE_FORCE] = ("topics apply --force breaks the order per key; "
                    "docs/kafka.md says how to do it without"),
    [CURE_NEW] = "Kafka takes no partitions away; leave it",
    [CURE_REASSIGN] = "kafka-reassign-partitions",
    [CURE_COPIES] = ("with fewer copies than that nothing could be written; "
                     "more by kafka-reassign-partitions"),
};

struct difference {
    const char *topic;
    const char *setting; /* As Kafka names it. */
    struct str is;
    struct str wanted;
    enum cure cure;
};

struct differences {
    struct ctl *ctl;
    struct difference list[TOPICS_MAX * SETTINGS_MAX];
    size_t count;
};

static struct str number(struct ctl *ctl, int64_t n)
{
    return arena_printf(ctl->arena, "%" PRId64, n);
}

static void differ(struct differences *d, const char *topic,
                   const char *setting, int64_t is, int64_t wanted,
                   enum cure cure)
{
    d->list[d->count++] = (struct difference){
        topic, setting, number(d->ctl, is), number(d->ctl, wanted), cure};
}

static bool is_of_events(const struct topic_row *row)
{
    return !str_eq(str_of(row->name), str_of(event_dead_letters_topic));
}

static void compare_shape(struct differences *d, const struct topic_row *row,
                          const struct wanted *w, const struct topic_found *t)
{
    if (is_of_events(row) && w->partitions != 0 &&
        t->partitions != w->partitions) {
        differ(d, row->name, "partitions", t->partitions, w->partitions,
               t->partitions < w->partitions ? CURE_FORCE : CURE_NEW);
    }
    if (w->replication != 0 && t->replication != w->replication) {
        differ(d, row->name, "replication", t->replication, w->replication,
               CURE_REASSIGN);
    }
}

/* Longer is nobody's harm, and shorter drops records: it has to be wanted. */
static void compare_retention(struct differences *d,
                              const struct topic_row *row,
                              const struct wanted *w,
                              const struct topic_found *t)
{
    bool is_short = t->retention_ms >= 0 && t->retention_ms < row->retention_ms;
    bool is_long = w->retention_ms != 0 && is_of_events(row) && !is_short &&
                   t->retention_ms != row->retention_ms;

    if (is_short || (is_long && w->is_forced)) {
        differ(d, row->name, "retention.ms", t->retention_ms, row->retention_ms,
               CURE_APPLY);
    } else if (is_long) {
        (void)fprintf(stderr,
                      "%s: retention.ms %" PRId64 " stays: it is longer than "
                      "%" PRId64 "; topics apply --force shortens it\n",
                      row->name, t->retention_ms, row->retention_ms);
    }
}

static void compare_settings(struct differences *d, const struct topic_row *row,
                             const struct wanted *w,
                             const struct topic_found *t)
{
    int min_insync = w->min_insync;

    compare_retention(d, row, w, t);
    if (min_insync == 0 && t->replication >= COPIES &&
        t->min_insync < IN_SYNC) {
        min_insync = IN_SYNC;
    }
    if (min_insync != 0 && t->min_insync != min_insync) {
        differ(d, row->name, "min.insync.replicas", t->min_insync, min_insync,
               min_insync > t->replication ? CURE_COPIES : CURE_APPLY);
    }
    if (t->is_compacted) {
        d->list[d->count++] =
            (struct difference){row->name, "cleanup.policy", STR("compact"),
                                STR("delete"), CURE_APPLY};
    }
}

static bool compare(struct differences *d, const struct topic_row *rows,
                    size_t count, const struct wanted *w, struct err *err)
{
    struct bus_options bus = ctl_bus_options(d->ctl);
    struct topic_found found[TOPICS_MAX];
    const char *names[TOPICS_MAX];

    for (size_t i = 0; i < count; i++) {
        names[i] = rows[i].name;
    }
    if (!topics_inspect(&bus, names, count, WAIT_MS, found, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!found[i].is_there) {
            d->list[d->count++] = (struct difference){
                rows[i].name, "topic", STR("missing"), STR("there"), CURE_MAKE};
            continue;
        }
        compare_shape(d, &rows[i], w, &found[i]);
        compare_settings(d, &rows[i], w, &found[i]);
    }
    return true;
}

static void show_differences(const struct differences *d)
{
    struct ctl *ctl = d->ctl;
    struct field *fields =
        arena_zero(ctl->arena, d->count * CHECK_COLUMNS + 1, sizeof *fields);

    for (size_t i = 0; i < d->count; i++) {
        struct field *row = &fields[i * CHECK_COLUMNS];

        row[0] = F_TEXT("topic", str_of(d->list[i].topic));
        row[1] = F_TEXT("setting", str_of(d->list[i].setting));
        row[2] = F_TEXT("is", d->list[i].is);
        row[3] = F_TEXT("wanted", d->list[i].wanted);
        row[4] = F_TEXT("cure", str_of(cure_words[d->list[i].cure]));
    }
    output_list(ctl->words.is_json, fields, CHECK_COLUMNS, d->count,
                "all topics are as they should be");
}

static bool read_differences(struct ctl *ctl, const struct wanted *w,
                             struct differences **out, struct err *err)
{
    struct differences *d = arena_zero(ctl->arena, 1, sizeof *d);
    struct topic_row rows[TOPICS_MAX];
    size_t count = wanted_rows(w, rows);

    d->ctl = ctl;
    *out = d;
    return compare(d, rows, count, w, err);
}

bool topics_check(struct ctl *ctl, struct err *err)
{
    struct wanted w = {0};
    struct differences *d = NULL;

    if (!read_wanted(ctl, &w, err) || !read_differences(ctl, &w, &d, err)) {
        return false;
    }
    show_differences(d);
    return d->count == 0 ||
           err_set(err, ERR_CONFLICT, "%zu differences", d->count);
}

/* --- apply ---------------------------------------------------------------- */

/* Nothing is altered when something may not be. */
static bool may_alter(const struct differences *d, const struct wanted *w,
                      struct err *err)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct difference *one = &d->list[i];
        bool is_allowed = one->cure == CURE_MAKE || one->cure == CURE_APPLY ||
                          (one->cure == CURE_FORCE && w->is_forced);

        if (!is_allowed) {
            return err_set(err, ERR_CONFLICT, "%s has %s %.*s, not %.*s: %s",
                           one->topic, one->setting, STR_ARGS(one->is),
                           STR_ARGS(one->wanted), cure_words[one->cure]);
        }
    }
    return true;
}

static bool lacks_any(const struct differences *d)
{
    for (size_t i = 0; i < d->count; i++) {
        if (d->list[i].cure == CURE_MAKE) {
            return true;
        }
    }
    return false;
}

/* What was made a moment ago is as the brokers make topics (how many copies,
 * say): what that asks for is compared when they tell of it. */
static bool read_made(struct ctl *ctl, const struct wanted *w,
                      struct differences **d, struct err *err)
{
    const struct timespec look = {0, LOOK_MS * US_PER_MS * 1000};
    int64_t until_us = clock_steady_us() + WAIT_MS * US_PER_MS;

    while (lacks_any(*d)) {
        if (!read_differences(ctl, w, d, err)) {
            return false;
        }
        if (clock_steady_us() > until_us) {
            return err_set(err, ERR_UNAVAILABLE,
                           "Kafka does not tell of the new topics yet; run it "
                           "again");
        }
        (void)nanosleep(&look, NULL);
    }
    return may_alter(*d, w, err);
}

/* All of a topic's at once: what was set just before may not be read yet. */
static bool alter(const struct differences *d, const char *topic,
                  int64_t *altered, struct err *err)
{
    struct bus_options bus = ctl_bus_options(d->ctl);
    struct topic_setting settings[SETTINGS_MAX];
    size_t count = 0;
    uint64_t partitions = 0;

    for (size_t i = 0; i < d->count; i++) {
        const struct difference *one = &d->list[i];

        if (one->cure == CURE_MAKE ||
            !str_eq(str_of(one->topic), str_of(topic))) {
            continue;
        }
        (void)fprintf(stderr, "%s: %s %.*s -> %.*s\n", topic, one->setting,
                      STR_ARGS(one->is), STR_ARGS(one->wanted));
        (*altered)++;
        if (one->cure == CURE_APPLY) {
            settings[count++] =
                (struct topic_setting){one->setting, one->wanted.data};
        } else if (!str_to_u64(one->wanted, PARTITIONS_MAX, &partitions)) {
            return err_set(err, ERR_INTERNAL, "partitions of %s", topic);
        }
    }
    return (count == 0 ||
            topic_alter(&bus, topic, settings, count, WAIT_MS, err)) &&
           (partitions == 0 ||
            topic_grow(&bus, topic, (int)partitions, WAIT_MS, err));
}

bool topics_apply(struct ctl *ctl, struct err *err)
{
    struct topic_row rows[TOPICS_MAX];
    struct field fields[TOPICS_MAX];
    struct bus_options bus = ctl_bus_options(ctl);
    struct wanted w = {0};
    struct differences *d = NULL;
    int64_t altered = 0;
    size_t count = 0;

    if (!read_wanted(ctl, &w, err)) {
        return false;
    }
    w.is_forced = words_value(&ctl->words, "force").data != NULL;
    count = wanted_rows(&w, rows);
    if (!read_differences(ctl, &w, &d, err) || !may_alter(d, &w, err) ||
        !topics_ensure(&bus, rows, count, WAIT_MS, err) ||
        !read_made(ctl, &w, &d, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!alter(d, rows[i].name, &altered, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        fields[i] = F_TEXT("topic", str_of(rows[i].name));
    }
    if (ctl->words.is_json) {
        const struct field all[] = {F_INT("topics", (int64_t)count),
                                    F_INT("altered", altered)};

        output_one(true, all, COUNT_OF(all));
    } else {
        output_list(false, fields, 1, count, "");
    }
    return true;
}

/* --- list ----------------------------------------------------------------- */

/* The types of events on a topic, as [{"type", "help"}]; *key what their keys
 * begin with, STR_NONE when there are none. */
static struct str types_json(const char *topic, struct str *key,
                             struct arena *arena)
{
    struct buf out = BUF_EMPTY;
    struct json_writer w = json_writer(&out);
    struct str text;

    *key = STR_NONE;
    json_array_begin(&w);
    for (size_t i = 0; i < EVENT_TYPE_COUNT; i++) {
        if (!str_eq(str_of(event_types[i].topic), str_of(topic))) {
            continue;
        }
        *key = str_of(id_prefix(event_types[i].subject));
        json_object_begin(&w);
        json_key(&w, STR("type"));
        json_add_text(&w, str_of(event_types[i].name));
        json_key(&w, STR("help"));
        json_add_text(&w, str_of(event_types[i].help));
        json_object_end(&w);
    }
    json_array_end(&w);
    text = arena_str(arena, buf_str(&out));
    buf_free(&out);
    return text;
}

bool topics_list(struct ctl *ctl, struct err *err)
{
    struct topic_row rows[TOPICS_MAX];
    struct field fields[TOPICS_MAX * LIST_COLUMNS];
    size_t count = topic_rows(PARTITIONS, -1, rows);

    (void)err;
    for (size_t i = 0; i < count; i++) {
        struct field *row = &fields[i * LIST_COLUMNS];
        struct str key = STR_NONE;
        struct str types = types_json(rows[i].name, &key, ctl->arena);

        row[0] = F_TEXT("topic", str_of(rows[i].name));
        row[1] = F_INT("partitions", rows[i].partitions);
        row[2] = F_INT("retention_ms", rows[i].retention_ms);
        row[3] = F_TEXT("key", key);
        row[4] = F_JSON("events", types);
    }
    output_list(ctl->words.is_json, fields, LIST_COLUMNS, count, "");
    return true;
}

/* Whether Kafka keeps what it is given, long enough and in enough copies. */
#include "porterctl/doctor.h"

#include "base/clock.h"
#include "bus/group.h"
#include "bus/inspect.h"
#include "store/event.h"

#define WAIT_MS 5000
#define DAY_MS (24LL * 3600 * 1000)
#define KEPT_MS (7 * DAY_MS) /* As porterctl topics apply makes them. */
#define COPIES 3
#define IN_SYNC 2
#define LAG_WARNING 10000

static size_t topic_names(const char *names[INSPECT_TOPICS_MAX])
{
    size_t count = 0;

    while (event_topics[count] != NULL) {
        names[count] = event_topics[count];
        count++;
    }
    names[count++] = event_dead_letters_topic;
    return count;
}

static bool ask(struct doctor *d, struct finding *f, const char *const *names,
                size_t count, struct topic_found *found)
{
    struct bus_options bus = ctl_bus_options(d->ctl);
    struct err err = ERR_NONE;

    if (!topics_inspect(&bus, names, count, WAIT_MS, found, &err)) {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
        return false;
    }
    return true;
}

void check_kafka_reach(struct doctor *d, struct finding *f)
{
    if (ask(d, f, NULL, 0, NULL)) {
        finding_add(f, VERDICT_WELL, "it answers");
    }
}

void check_kafka_topics(struct doctor *d, struct finding *f)
{
    const char *names[INSPECT_TOPICS_MAX];
    struct topic_found found[INSPECT_TOPICS_MAX];
    size_t count = topic_names(names);

    if (!ask(d, f, names, count, found)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!found[i].is_there) {
            finding_add(f, VERDICT_FAILED,
                        "%s is missing, or our user has no right to it",
                        names[i]);
        } else if (found[i].leaderless > 0) {
            finding_add(f, VERDICT_FAILED,
                        "%d of %d partitions of %s have no leader",
                        found[i].leaderless, found[i].partitions, names[i]);
        }
    }
    if (f->verdict == VERDICT_WELL) {
        finding_add(f, VERDICT_WELL,
                    "all %zu are there, each partition has a "
                    "leader",
                    count);
    }
}

static void judge_settings(const struct doctor *d, const char *name,
                           const struct topic_found *t, struct finding *f)
{
    if (t->is_compacted) {
        finding_add(f, VERDICT_FAILED, "%s is compacted", name);
    }
    if (t->retention_ms >= 0 && t->retention_ms < KEPT_MS) {
        finding_add(f, VERDICT_WARNING, "%s keeps records for %.1f days", name,
                    (double)t->retention_ms / DAY_MS);
    }
    if (t->min_insync > 1 && t->min_insync >= t->replication) {
        finding_add(f, VERDICT_WARNING,
                    "%s takes nothing when one of its %d copies is away", name,
                    t->replication);
    }
    if (!doctor_is_development(d) &&
        (t->replication < COPIES || t->min_insync < IN_SYNC)) {
        finding_add(f, VERDICT_WARNING,
                    "%s has %d copies, %d of which must be in sync", name,
                    t->replication, t->min_insync);
    }
}

void check_kafka_settings(struct doctor *d, struct finding *f)
{
    const char *names[INSPECT_TOPICS_MAX];
    struct topic_found found[INSPECT_TOPICS_MAX];
    size_t count = topic_names(names);

    if (!ask(d, f, names, count, found)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (found[i].is_there) {
            judge_settings(d, names[i], &found[i], f);
        }
    }
    if (f->verdict == VERDICT_WELL) {
        finding_add(f, VERDICT_WELL, "they keep records for a week or longer");
    }
}

static void judge_group(const struct group_found *g, const char *topic,
                        struct finding *f)
{
    if (g->dropped > 0) {
        finding_add(f, VERDICT_FAILED,
                    "Kafka dropped %lld records of %s that no dispatcher read",
                    (long long)g->dropped, topic);
    } else if (!g->is_known && g->lag > 0) {
        finding_add(f, VERDICT_WARNING,
                    "%lld records of %s wait, and no dispatcher read any",
                    (long long)g->lag, topic);
    } else if (g->lag >= LAG_WARNING) {
        finding_add(f, VERDICT_WARNING, "%lld records of %s wait",
                    (long long)g->lag, topic);
    }
}

void check_kafka_lag(struct doctor *d, struct finding *f)
{
    struct bus_options bus = ctl_bus_options(d->ctl);
    struct err err = ERR_NONE;
    int64_t lag = 0;

    for (size_t i = 0; event_topics[i] != NULL; i++) {
        struct group_found g;

        if (!group_inspect(&bus, d->ctl->settings.kafka_group, event_topics[i],
                           WAIT_MS, &g, &err)) {
            finding_add(f, VERDICT_FAILED, "%s", err.text);
            return;
        }
        judge_group(&g, event_topics[i], f);
        lag += g.lag;
    }
    if (f->verdict == VERDICT_WELL) {
        finding_add(f, VERDICT_WELL, "%lld records wait", (long long)lag);
    }
}

/* Metadata and DescribeConfigs, read once. */
#include "bus/inspect.h"

#include "bus/admin.h"

#include <assert.h>
#include <stdlib.h>

static const struct rd_kafka_metadata_topic *
find_topic(const struct rd_kafka_metadata *md, const char *name)
{
    for (int i = 0; i < md->topic_cnt; i++) {
        if (strcmp(md->topics[i].topic, name) == 0 &&
            md->topics[i].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return &md->topics[i];
        }
    }
    return NULL;
}

/* --- topics -----------------------------------------------------------------
 */

static void read_parts(const struct rd_kafka_metadata_topic *topic,
                       struct topic_found *found)
{
    *found = (struct topic_found){.is_there = true,
                                  .partitions = topic->partition_cnt};
    for (int i = 0; i < topic->partition_cnt; i++) {
        const struct rd_kafka_metadata_partition *part = &topic->partitions[i];

        found->leaderless += part->leader < 0;
        if (i == 0 || part->replica_cnt < found->replication) {
            found->replication = part->replica_cnt;
        }
    }
}

static void read_setting(const rd_kafka_ConfigEntry_t *entry,
                         struct topic_found *found)
{
    const char *name = rd_kafka_ConfigEntry_name(entry);
    const char *value = rd_kafka_ConfigEntry_value(entry);

    if (value == NULL) {
        return;
    }
    if (strcmp(name, "retention.ms") == 0) {
        found->retention_ms = strtoll(value, NULL, 10);
    } else if (strcmp(name, "min.insync.replicas") == 0) {
        found->min_insync = (int)strtol(value, NULL, 10);
    } else if (strcmp(name, "cleanup.policy") == 0) {
        found->is_compacted = strstr(value, "compact") != NULL;
    }
}

static bool read_resource(const rd_kafka_ConfigResource_t *resource,
                          const char *const *names, size_t count,
                          struct topic_found *found, struct err *err)
{
    const char *name = rd_kafka_ConfigResource_name(resource);
    size_t entries_count = 0;
    const rd_kafka_ConfigEntry_t **entries =
        rd_kafka_ConfigResource_configs(resource, &entries_count);

    rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(resource);

    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        /* Just made or just gone: brokers do not learn it all at once. */
        for (size_t i = 0; i < count; i++) {
            found[i].is_there &= strcmp(names[i], name) != 0;
        }
        return true;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(err, ERR_FORBIDDEN, "Kafka topic %s: %s", name,
                       rd_kafka_ConfigResource_error_string(resource));
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; strcmp(names[i], name) == 0 && k < entries_count;
             k++) {
            read_setting(entries[k], &found[i]);
        }
    }
    return true;
}

static bool read_resources(rd_kafka_event_t *event, const char *const *names,
                           size_t count, struct topic_found *found,
                           struct err *err)
{
    size_t resources_count = 0;
    const rd_kafka_ConfigResource_t **resources = NULL;

    resources = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &resources_count);
    for (size_t i = 0; i < resources_count; i++) {
        if (!read_resource(resources[i], names, count, found, err)) {
            return false;
        }
    }
    return true;
}

/* Of the topics that are there. */
static bool ask_settings(const struct admin *a, const char *const *names,
                         size_t count, struct topic_found *found,
                         struct err *err)
{
    rd_kafka_ConfigResource_t *asked[INSPECT_TOPICS_MAX];
    rd_kafka_event_t *event = NULL;
    size_t asked_count = 0;
    bool ok = false;

    for (size_t i = 0; i < count; i++) {
        if (found[i].is_there) {
            asked[asked_count++] =
                rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, names[i]);
        }
    }
    if (asked_count == 0) {
        return true;
    }
    rd_kafka_DescribeConfigs(a->rk, asked, asked_count, a->options, a->queue);
    event = admin_answer(a, "Kafka's settings", err);
    if (event != NULL) {
        ok = read_resources(event, names, count, found, err);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_ConfigResource_destroy_array(asked, asked_count);
    return ok;
}

static bool inspect(const struct admin *a, const char *const *names,
                    size_t count, struct topic_found *found, struct err *err)
{
    const struct rd_kafka_metadata *md = NULL;

    if (!admin_metadata(a, &md, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct rd_kafka_metadata_topic *topic = find_topic(md, names[i]);

        found[i] = (struct topic_found){0};
        if (topic != NULL) {
            read_parts(topic, &found[i]);
        }
    }
    rd_kafka_metadata_destroy(md);
    return ask_settings(a, names, count, found, err);
}

bool topics_inspect(const struct bus_options *bus, const char *const *names,
                    size_t count, unsigned wait_ms, struct topic_found *found,
                    struct err *err)
{
    struct admin a = {0};

    assert(count <= INSPECT_TOPICS_MAX);
    bool ok = admin_open(bus, wait_ms, &a, err) &&
              inspect(&a, names, count, found, err);
    admin_close(&a);
    return ok;
}

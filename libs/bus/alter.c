/* One admin request after the other, each waited for.
 *
 * librdkafka 2.0 knows no incremental change: AlterConfigs sets all of a
 * topic's settings, so those that it has are read before and sent along. */
#include "bus/alter.h"

#include "bus/admin.h"

#include <stdio.h>

#define WHAT_MAX 300

static rd_kafka_event_t *answer(const struct admin *a, const char *topic,
                                struct err *err)
{
    char what[WHAT_MAX];

    (void)snprintf(what, sizeof what, "Kafka topic %s", topic);
    return admin_answer(a, what, err);
}

/* What an answer says of the topic. */
static bool is_well(rd_kafka_resp_err_t code, const char *text,
                    const char *topic, struct err *err)
{
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           err_set(err, ERR_FORBIDDEN, "Kafka topic %s: %s", topic,
                   text != NULL ? text : rd_kafka_err2str(code));
}

/* --- settings ------------------------------------------------------------- */

static bool is_among(const char *name, const struct topic_setting *settings,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(settings[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* All: those that were set for the topic itself, but for the new ones. */
static void merge(const rd_kafka_ConfigResource_t *found,
                  const struct topic_setting *settings, size_t count,
                  rd_kafka_ConfigResource_t *all)
{
    size_t found_count = 0;
    const rd_kafka_ConfigEntry_t **entries =
        rd_kafka_ConfigResource_configs(found, &found_count);

    for (size_t i = 0; i < found_count; i++) {
        const char *name = rd_kafka_ConfigEntry_name(entries[i]);

        if (rd_kafka_ConfigEntry_source(entries[i]) ==
                RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG &&
            !is_among(name, settings, count)) {
            (void)rd_kafka_ConfigResource_set_config(
                all, name, rd_kafka_ConfigEntry_value(entries[i]));
        }
    }
    for (size_t i = 0; i < count; i++) {
        (void)rd_kafka_ConfigResource_set_config(all, settings[i].name,
                                                 settings[i].value);
    }
}

/* The topic's settings as they are; *found lives as long as the event. */
static bool read_found(struct admin *a, const char *topic,
                       rd_kafka_event_t **event,
                       const rd_kafka_ConfigResource_t **found, struct err *err)
{
    rd_kafka_ConfigResource_t *asked =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    const rd_kafka_ConfigResource_t **list = NULL;
    size_t count = 0;

    rd_kafka_DescribeConfigs(a->rk, &asked, 1, a->options, a->queue);
    *event = answer(a, topic, err);
    rd_kafka_ConfigResource_destroy(asked);
    if (*event == NULL) {
        return false;
    }
    list = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(*event), &count);
    *found = list[0];
    return is_well(rd_kafka_ConfigResource_error(list[0]),
                   rd_kafka_ConfigResource_error_string(list[0]), topic, err);
}

static bool write_all(struct admin *a, rd_kafka_ConfigResource_t *all,
                      const char *topic, struct err *err)
{
    const rd_kafka_ConfigResource_t **done = NULL;
    rd_kafka_event_t *event = NULL;
    size_t count = 0;
    bool ok = false;

    rd_kafka_AlterConfigs(a->rk, &all, 1, a->options, a->queue);
    event = answer(a, topic, err);
    if (event == NULL) {
        return false;
    }
    done = rd_kafka_AlterConfigs_result_resources(
        rd_kafka_event_AlterConfigs_result(event), &count);
    ok = count == 1 &&
         is_well(rd_kafka_ConfigResource_error(done[0]),
                 rd_kafka_ConfigResource_error_string(done[0]), topic, err);
    rd_kafka_event_destroy(event);
    return ok;
}

bool topic_alter(const struct bus_options *bus, const char *topic,
                 const struct topic_setting *settings, size_t count,
                 unsigned wait_ms, struct err *err)
{
    struct admin a = {0};
    rd_kafka_ConfigResource_t *all =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    const rd_kafka_ConfigResource_t *found = NULL;
    rd_kafka_event_t *event = NULL;
    bool ok = admin_open(bus, wait_ms, &a, err) &&
              read_found(&a, topic, &event, &found, err);

    if (ok) {
        merge(found, settings, count, all);
        ok = write_all(&a, all, topic, err);
    }
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_ConfigResource_destroy(all);
    admin_close(&a);
    return ok;
}

/* --- partitions ----------------------------------------------------------- */

bool topic_grow(const struct bus_options *bus, const char *topic,
                int partitions, unsigned wait_ms, struct err *err)
{
    char reason[ADMIN_REASON_MAX];
    struct admin a = {0};
    rd_kafka_NewPartitions_t *more = rd_kafka_NewPartitions_new(
        topic, (size_t)partitions, reason, sizeof reason);
    const rd_kafka_topic_result_t **done = NULL;
    rd_kafka_event_t *event = NULL;
    size_t count = 0;
    bool ok = false;

    if (more == NULL) {
        return err_set(err, ERR_INVALID, "topic %s: %s", topic, reason);
    }
    if (admin_open(bus, wait_ms, &a, err)) {
        rd_kafka_CreatePartitions(a.rk, &more, 1, a.options, a.queue);
        event = answer(&a, topic, err);
    }
    if (event != NULL) {
        done = rd_kafka_CreatePartitions_result_topics(
            rd_kafka_event_CreatePartitions_result(event), &count);
        ok = count == 1 &&
             is_well(rd_kafka_topic_result_error(done[0]),
                     rd_kafka_topic_result_error_string(done[0]), topic, err);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_NewPartitions_destroy(more);
    admin_close(&a);
    return ok;
}

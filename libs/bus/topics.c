/* Making topics: ask what is there, create the rest. */
#include "bus/topics.h"

#include "bus/admin.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define TOPICS_MAX 64

static bool is_there(const struct rd_kafka_metadata *md, const char *name)
{
    for (int i = 0; i < md->topic_cnt; i++) {
        if (strcmp(md->topics[i].topic, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool topic_new(const struct topic_row *row, rd_kafka_NewTopic_t **out,
                      struct err *err)
{
    char reason[ADMIN_REASON_MAX];
    char retention[24];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
        row->name, row->partitions, row->replication, reason, sizeof reason);

    if (topic == NULL) {
        return err_set(err, ERR_INVALID, "topic %s: %s", row->name, reason);
    }
    (void)snprintf(retention, sizeof retention, "%lld",
                   (long long)row->retention_ms);
    (void)rd_kafka_NewTopic_set_config(topic, "retention.ms", retention);
    if (row->min_insync > 0) {
        char copies[24];

        (void)snprintf(copies, sizeof copies, "%d", row->min_insync);
        (void)rd_kafka_NewTopic_set_config(topic, "min.insync.replicas",
                                           copies);
    }
    *out = topic;
    return true;
}

/* Two programs may start at the same time: a topic that another has made in
 * the meantime is as good as ours. */
static bool result_read(rd_kafka_event_t *event, struct err *err)
{
    size_t count = 0;
    const rd_kafka_topic_result_t **topics = NULL;

    topics = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(topics[i]);
        const char *text = rd_kafka_topic_result_error_string(topics[i]);

        if (code != RD_KAFKA_RESP_ERR_NO_ERROR &&
            code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            return err_set(err, ERR_INVALID, "Kafka topic %s: %s",
                           rd_kafka_topic_result_name(topics[i]),
                           text != NULL ? text : rd_kafka_err2str(code));
        }
    }
    return true;
}

static bool create(struct admin *a, rd_kafka_NewTopic_t **topics, size_t count,
                   struct err *err)
{
    char reason[ADMIN_REASON_MAX];
    rd_kafka_event_t *event = NULL;
    bool ok = false;

    (void)rd_kafka_AdminOptions_set_operation_timeout(
        a->options, admin_left_ms(a->deadline_us), reason, sizeof reason);
    rd_kafka_CreateTopics(a->rk, topics, count, a->options, a->queue);
    event = admin_answer(a, "Kafka topics", err);
    if (event != NULL) {
        ok = result_read(event, err);
        rd_kafka_event_destroy(event);
    }
    return ok;
}

static bool ensure(struct admin *a, const struct topic_row *rows, size_t count,
                   struct err *err)
{
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_NewTopic_t *missing[TOPICS_MAX];
    size_t missing_count = 0;
    bool ok = false;

    if (!admin_metadata(a, &md, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_there(md, rows[i].name)) {
            continue;
        }
        if (!topic_new(&rows[i], &missing[missing_count], err)) {
            goto out;
        }
        missing_count++;
    }
    ok = missing_count == 0 || create(a, missing, missing_count, err);

out:
    rd_kafka_NewTopic_destroy_array(missing, missing_count);
    rd_kafka_metadata_destroy(md);
    return ok;
}

bool topics_ensure(const struct bus_options *bus, const struct topic_row *rows,
                   size_t count, unsigned wait_ms, struct err *err)
{
    struct admin a = {0};

    assert(count > 0 && count <= TOPICS_MAX);
    bool ok = admin_open(bus, wait_ms, &a, err) && ensure(&a, rows, count, err);
    admin_close(&a);
    return ok;
}

/* Making topics: ask what is there, create the rest. */
#include "bus/topics.h"

#include "base/buf.h"
#include "base/clock.h"
#include "bus/settings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define REASON_MAX 256
#define TOPICS_MAX 64

static int left_ms(int64_t deadline_us)
{
    int64_t left = (deadline_us - clock_steady_us()) / US_PER_MS;

    return left > 1 ? (int)left : 1;
}

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
    char reason[REASON_MAX];
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

    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(err, ERR_UNAVAILABLE, "Kafka topics: %s",
                       rd_kafka_event_error_string(event));
    }
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

static bool create(rd_kafka_t *rk, rd_kafka_NewTopic_t **topics, size_t count,
                   int64_t deadline_us, struct err *err)
{
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_event_t *event = NULL;
    char reason[REASON_MAX];
    int wait_ms = left_ms(deadline_us);
    bool ok = false;

    (void)rd_kafka_AdminOptions_set_request_timeout(options, wait_ms, reason,
                                                    sizeof reason);
    (void)rd_kafka_AdminOptions_set_operation_timeout(options, wait_ms, reason,
                                                      sizeof reason);
    rd_kafka_CreateTopics(rk, topics, count, options, queue);
    event = rd_kafka_queue_poll(queue, wait_ms);
    if (event == NULL) {
        (void)err_set(err, ERR_UNAVAILABLE, "Kafka topics: no answer in time");
        goto out;
    }
    ok = result_read(event, err);

out:
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    return ok;
}

static bool ensure(rd_kafka_t *rk, const struct topic_row *rows, size_t count,
                   int64_t deadline_us, struct err *err)
{
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_NewTopic_t *missing[TOPICS_MAX];
    size_t missing_count = 0;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    bool ok = false;

    code = rd_kafka_metadata(rk, 1, NULL, &md, left_ms(deadline_us));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(err, ERR_UNAVAILABLE, "Kafka: %s",
                       rd_kafka_err2str(code));
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
    ok = missing_count == 0 ||
         create(rk, missing, missing_count, deadline_us, err);

out:
    rd_kafka_NewTopic_destroy_array(missing, missing_count);
    rd_kafka_metadata_destroy(md);
    return ok;
}

bool topics_ensure(const struct bus_options *bus, const struct topic_row *rows,
                   size_t count, unsigned wait_ms, struct err *err)
{
    int64_t deadline_us = clock_steady_us() + (int64_t)wait_ms * US_PER_MS;
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *rk = NULL;
    bool ok = false;

    assert(count > 0 && count <= TOPICS_MAX);
    ok = settings_new(bus, NULL, 0, &conf, err) &&
         settings_client(RD_KAFKA_PRODUCER, conf, &rk, err) &&
         ensure(rk, rows, count, deadline_us, err);
    if (rk != NULL) {
        rd_kafka_destroy(rk);
    }
    return ok;
}

/* Partitions assigned by hand, each up to the end that it had at the start:
 * what is read may make somebody write there again. */
#include "bus/reader.h"

#include "bus/assigned.h"
#include "bus/message.h"
#include "bus/settings.h"

#include <stdlib.h>

struct reader {
    rd_kafka_t *rk;
    const char *topic;
    const struct reader_range *range;
    unsigned idle_ms;
    int open;          /* Partitions that are not done. */
    int64_t *ends;     /* By partition; 0: done. */
    int32_t end_count; /* Partitions of the topic. */
    reader_fn *fn;
    void *user;
};

static bool is_wanted(const struct reader *r, int32_t partition)
{
    return r->range->at == NULL || r->range->at->partition == partition;
}

static int64_t start_of(const struct reader *r)
{
    if (r->range->at != NULL) {
        return r->range->at->offset;
    }
    return r->range->newest > 0 ? RD_KAFKA_OFFSET_TAIL(r->range->newest)
                                : RD_KAFKA_OFFSET_BEGINNING;
}

/* Its end now; a partition that holds nothing is not opened. */
static bool open_part(struct reader *r, int32_t partition,
                      rd_kafka_topic_partition_list_t *list, struct err *err)
{
    struct assigned_range range = {0};

    if (!assigned_range(r->rk, r->topic, partition, r->idle_ms, &range, err)) {
        return false;
    }
    if (range.end > range.low) {
        rd_kafka_topic_partition_list_add(list, r->topic, partition)->offset =
            start_of(r);
        r->ends[partition] = range.end;
        r->open++;
    }
    return true;
}

static bool assign(struct reader *r, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    bool ok = true;

    if (!assigned_count(r->rk, r->topic, r->idle_ms, &r->end_count, err)) {
        return false;
    }
    r->ends = mem_zero((size_t)r->end_count, sizeof *r->ends);
    list = rd_kafka_topic_partition_list_new(r->end_count);
    for (int32_t i = 0; ok && i < r->end_count; i++) {
        ok = !is_wanted(r, i) || open_part(r, i, list, err);
    }
    if (ok && r->open > 0) {
        rd_kafka_resp_err_t code = rd_kafka_assign(r->rk, list);

        ok = code == RD_KAFKA_RESP_ERR_NO_ERROR ||
             err_set(err, ERR_UNAVAILABLE, "Kafka: %s", rd_kafka_err2str(code));
    }
    rd_kafka_topic_partition_list_destroy(list);
    return ok;
}

/* Nothing more is taken of it. */
static void part_done(struct reader *r, int32_t partition)
{
    if (r->ends[partition] != 0) {
        r->ends[partition] = 0;
        r->open--;
    }
}

/* *met: the record that was asked for was there. */
static bool take(struct reader *r, const rd_kafka_message_t *message, bool *met,
                 struct err *err)
{
    struct record record = {0};

    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        part_done(r, message->partition);
        return true;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(err, ERR_UNAVAILABLE, "Kafka: %s",
                       rd_kafka_message_errstr(message));
    }
    int64_t end = r->ends[message->partition];
    bool is_there = message->offset < end;
    if (message->offset >= end - 1) {
        part_done(r, message->partition);
    }
    if (is_there && r->range->at != NULL) {
        part_done(r, message->partition);
        /* Else the next that Kafka still has. */
        is_there = message->offset == r->range->at->offset;
    }
    if (!is_there) {
        return true;
    }
    *met = true;
    message_read(message, &record);
    record.place = (struct record_place){.partition = message->partition,
                                         .offset = message->offset};
    return r->fn(r->user, &record, err);
}

static bool read_all(struct reader *r, struct err *err)
{
    bool met = false;
    bool ok = true;

    while (ok && r->open > 0) {
        rd_kafka_message_t *message =
            rd_kafka_consumer_poll(r->rk, (int)r->idle_ms);

        if (message == NULL) {
            return err_set(err, ERR_UNAVAILABLE, "Kafka: nothing came of %s",
                           r->topic);
        }
        ok = take(r, message, &met, err);
        rd_kafka_message_destroy(message);
    }
    if (ok && r->range->at != NULL && !met) {
        return err_set(err, ERR_NOT_FOUND, "%s has no record at %d:%lld",
                       r->topic, (int)r->range->at->partition,
                       (long long)r->range->at->offset);
    }
    return ok;
}

bool topic_read(const struct bus_options *bus, const char *topic,
                const struct reader_range *range, unsigned idle_ms,
                reader_fn *fn, void *user, struct err *err)
{
    static const struct property ours[] = {
        {"group.id", ASSIGNED_GROUP},
        {"enable.auto.commit", "false"},
        {"enable.partition.eof", "true"},
        /* A place that Kafka has dropped: its oldest. */
        {"auto.offset.reset", "earliest"},
    };
    struct reader r = {.topic = topic,
                       .range = range,
                       .idle_ms = idle_ms,
                       .fn = fn,
                       .user = user};
    rd_kafka_conf_t *conf = NULL;
    bool ok = false;

    ok = settings_new(bus, ours, COUNT_OF(ours), &conf, err) &&
         settings_client(RD_KAFKA_CONSUMER, conf, &r.rk, err);
    if (ok) {
        (void)rd_kafka_poll_set_consumer(r.rk);
        ok = assign(&r, err) && read_all(&r, err);
        (void)rd_kafka_consumer_close(r.rk);
        rd_kafka_destroy(r.rk);
        free(r.ends);
    }
    return ok || err->code == ERR_OK;
}

/* What brokers say of a topic: its partitions, and what each holds. */
#include "bus/assigned.h"

#include "base/clock.h"

#include <string.h>
#include <time.h>

#define LEADER_LOOK_MS 50

bool assigned_count(rd_kafka_t *rk, const char *topic, unsigned wait_ms,
                    int32_t *count, struct err *err)
{
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(rk, 1, NULL, &md, (int)wait_ms);
    int32_t found = 0;

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(err, ERR_UNAVAILABLE, "Kafka: %s",
                       rd_kafka_err2str(code));
    }
    for (int i = 0; i < md->topic_cnt; i++) {
        if (strcmp(md->topics[i].topic, topic) == 0) {
            found = md->topics[i].partition_cnt;
        }
    }
    rd_kafka_metadata_destroy(md);
    if (found == 0) {
        return err_set(err, ERR_NOT_FOUND, "Kafka has no topic %s", topic);
    }
    *count = found;
    return true;
}

/* A partition is known before its broker leads it: of a topic that was made or
 * grew a moment ago, or while its leader moves. */
static bool has_no_leader_yet(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

bool assigned_range(rd_kafka_t *rk, const char *topic, int32_t partition,
                    unsigned wait_ms, struct assigned_range *out,
                    struct err *err)
{
    const struct timespec look = {0, LEADER_LOOK_MS * US_PER_MS * 1000};
    int64_t until_us = clock_steady_us() + (int64_t)wait_ms * US_PER_MS;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    for (;;) {
        int64_t left_us = MAX_OF(until_us - clock_steady_us(), 0);

        code = rd_kafka_query_watermark_offsets(rk, topic, partition, &out->low,
                                                &out->end,
                                                (int)(left_us / US_PER_MS));
        if (!has_no_leader_yet(code) || clock_steady_us() >= until_us) {
            break;
        }
        (void)nanosleep(&look, NULL);
    }
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           err_set(err, ERR_UNAVAILABLE, "Kafka: %s", rd_kafka_err2str(code));
}

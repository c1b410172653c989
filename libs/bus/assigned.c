/* What brokers say of a topic: its partitions, and what each holds. */
#include "bus/assigned.h"

#include <string.h>

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

bool assigned_range(rd_kafka_t *rk, const char *topic, int32_t partition,
                    unsigned wait_ms, struct assigned_range *out,
                    struct err *err)
{
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        rk, topic, partition, &out->low, &out->end, (int)wait_ms);

    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           err_set(err, ERR_UNAVAILABLE, "Kafka: %s", rd_kafka_err2str(code));
}

/* librdkafka's message -> struct record. */
#include "bus/message.h"

#include "base/macros.h"

static struct str bytes_of(const void *data, size_t len)
{
    return (struct str){data, data != NULL ? len : 0};
}

static void headers_read(const rd_kafka_message_t *message, struct record *r)
{
    rd_kafka_headers_t *list = NULL;
    const char *name = NULL;
    const void *value = NULL;
    size_t len = 0;

    r->header_count = 0;
    r->is_cut = false;
    if (rd_kafka_message_headers(message, &list) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    while (r->header_count < RECORD_HEADERS_MAX &&
           rd_kafka_header_get_all(list, r->header_count, &name, &value,
                                   &len) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        r->headers[r->header_count++] =
            (struct record_header){str_of(name), bytes_of(value, len)};
    }
    r->is_cut = rd_kafka_header_cnt(list) > RECORD_HEADERS_MAX;
}

void message_read(const rd_kafka_message_t *message, struct record *out)
{
    rd_kafka_timestamp_type_t kind;
    int64_t at_ms = rd_kafka_message_timestamp(message, &kind);

    out->topic = str_of(rd_kafka_topic_name(message->rkt));
    out->key = bytes_of(message->key, message->key_len);
    out->value = bytes_of(message->payload, message->len);
    out->at_ms = MAX_OF((int64_t)0, at_ms);
    headers_read(message, out);
}

/* How far the consumer is behind.
 *
 * librdkafka remembers where a log ended when it last fetched. Who has paused
 * fetches nothing, and just then the log grows: so the brokers are asked. */
#include "bus/consumer_state.h"

#include "base/clock.h"

#define LOOK_US (2 * US_PER_S)
#define LOOK_WAIT_MS 1000

int64_t consumer_log_end(const struct consumer *c,
                         const struct owned_part *part)
{
    const struct member *m = &c->members[part->topic];
    int64_t low = 0;
    int64_t high = 0;

    if (rd_kafka_get_watermark_offsets(m->rk, m->topic_name, part->partition,
                                       &low,
                                       &high) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        high = 0;
    }
    return MAX_OF(high, part->end);
}

/* What was found, by the partitions' own answers. */
static void note(struct member *m, const rd_kafka_topic_partition_list_t *found)
{
    for (int i = 0; i < found->cnt; i++) {
        const rd_kafka_topic_partition_t *one = &found->elems[i];
        struct owned_part *part =
            owned_find(&m->c->owned, m->topic, one->partition);

        if (part != NULL && one->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            part->end = MAX_OF(part->end, one->offset);
        }
    }
}

/* One question to each broker: the offset "at the time" of the end (the
 * ListOffsets request's timestamp of -1). */
static bool member_look(struct member *m)
{
    rd_kafka_topic_partition_list_t *list = NULL;

    if (rd_kafka_assignment(m->rk, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    for (int i = 0; i < list->cnt; i++) {
        list->elems[i].offset = RD_KAFKA_OFFSET_END;
    }
    bool ok = list->cnt == 0 ||
              rd_kafka_offsets_for_times(m->rk, list, LOOK_WAIT_MS) ==
                  RD_KAFKA_RESP_ERR_NO_ERROR;
    if (ok) {
        note(m, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return ok;
}

void consumer_look(struct consumer *c)
{
    int64_t now_us = clock_steady_us();

    if (!c->is_paused || now_us < c->look_at_us) {
        return;
    }
    c->look_at_us = now_us + LOOK_US;
    for (size_t i = 0; i < c->member_count; i++) {
        if (!member_look(&c->members[i])) {
            return; /* Brokers are away: the others would only wait, too. */
        }
    }
}

int64_t consumer_lag(const struct consumer *c)
{
    int64_t lag = 0;

    for (size_t i = 0; i < c->owned.count; i++) {
        const struct owned_part *part = &c->owned.list[i];
        int64_t at = part->next != OWNED_UNKNOWN ? part->next : part->group;

        if (at != OWNED_UNKNOWN) {
            lag += MAX_OF((int64_t)0, consumer_log_end(c, part) - at);
        }
    }
    return lag;
}

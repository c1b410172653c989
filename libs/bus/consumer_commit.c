/* The consumer's writing half: what is done -> the group's places.
 *
 * Nothing is committed while the group is being formed anew. The broker holds
 * a JoinGroup until every member is there (a dead one: until its session is
 * over) and reads nothing else from that connection meanwhile; a commit behind
 * it would carry the old generation, be refused, and librdkafka (before 2.10)
 * would answer that by giving up the whole assignment: every record of those
 * seconds would be consumed again. What is done is kept and committed when the
 * group stands. One asynchronous commit at a time. */
#include "bus/consumer_state.h"

#include "base/clock.h"

#include <assert.h>
#include <time.h>

#define COMMIT_WAIT_MS 5000
#define JOIN_WAIT_MS (CONSUMER_SESSION_MS + 2000)
#define JOIN_LOOK_MS 10

int32_t consumer_topic(const struct consumer *c, const char *name)
{
    for (size_t i = 0; i < c->topic_count; i++) {
        if (strcmp(c->topics[i], name) == 0) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* The dirty places as librdkafka wants them, marked as committed; NULL when
 * there are none. While a commit has no answer yet, all places that are known
 * count as dirty. */
static rd_kafka_topic_partition_list_t *dirty_take(struct consumer *c)
{
    rd_kafka_topic_partition_list_t *list = NULL;

    for (size_t i = 0; i < c->owned.count; i++) {
        struct owned_part *part = &c->owned.list[i];

        if (part->next == OWNED_UNKNOWN ||
            !(c->is_committing || owned_is_dirty(part))) {
            continue;
        }
        if (list == NULL) {
            list = rd_kafka_topic_partition_list_new((int)c->owned.count);
        }
        rd_kafka_topic_partition_list_add(list, c->topics[part->topic],
                                          part->partition)
            ->offset = part->next;
        part->committed = part->next;
    }
    return list;
}

/* A commit failed: its places are to be written again. */
static void dirty_again(struct consumer *c,
                        const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; list != NULL && i < list->cnt; i++) {
        struct owned_part *part =
            owned_find(&c->owned, consumer_topic(c, list->elems[i].topic),
                       list->elems[i].partition);

        if (part != NULL) {
            part->committed = OWNED_UNKNOWN;
        }
    }
}

void consumer_on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t *list, void *user)
{
    struct consumer *c = user;

    (void)rk;
    c->is_committing = false;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR &&
        code != RD_KAFKA_RESP_ERR__NO_OFFSET) {
        dirty_again(c, list);
    }
}

void consumer_commit_soon(struct consumer *c)
{
    rd_kafka_topic_partition_list_t *list = NULL;

    if (c->is_committing || clock_steady_us() < c->commit_at_us ||
        membership_is_joining(&c->membership)) {
        return;
    }
    list = dirty_take(c);
    if (list == NULL) {
        return;
    }
    c->commit_at_us = clock_steady_us() + CONSUMER_COMMIT_MS * US_PER_MS;
    c->is_committing =
        rd_kafka_commit(c->rk, list, 1) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!c->is_committing) {
        dirty_again(c, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

/* Wait for the answer to one commit. An answer that comes after its waiter
 * has gone stays in the queue and must not be taken for the next one's. */
static rd_kafka_resp_err_t commit_wait(struct consumer *c)
{
    rd_kafka_event_t *event =
        rd_kafka_queue_poll(c->commit_queue, COMMIT_WAIT_MS);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;

    if (event != NULL) {
        code = rd_kafka_event_error(event);
        rd_kafka_event_destroy(event);
        return code;
    }
    rd_kafka_queue_destroy(c->commit_queue);
    c->commit_queue = rd_kafka_queue_new(c->rk);
    return code;
}

/* The group is formed by librdkafka's own threads: all we can do is wait. */
static void join_wait(const struct consumer *c)
{
    const struct timespec look = {0, JOIN_LOOK_MS * 1000000L};
    int64_t until_us = clock_steady_us() + JOIN_WAIT_MS * US_PER_MS;

    while (membership_is_joining(&c->membership) &&
           clock_steady_us() < until_us) {
        (void)nanosleep(&look, NULL);
    }
}

bool consumer_commit(struct consumer *c, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = dirty_take(c);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    if (list == NULL) {
        return true;
    }
    join_wait(c);
    code = rd_kafka_commit_queue(c->rk, list, c->commit_queue, NULL, NULL);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = commit_wait(c);
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        dirty_again(c, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           err_set(err, ERR_UNAVAILABLE, "Kafka commit: %s",
                   rd_kafka_err2str(code));
}

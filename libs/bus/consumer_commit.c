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

/* The dirty places as librdkafka wants them, marked as committed; NULL when
 * there are none. While a commit has no answer yet, all places that are known
 * count as dirty. */
static rd_kafka_topic_partition_list_t *dirty_take(struct member *m)
{
    const struct owned *owned = &m->c->owned;
    rd_kafka_topic_partition_list_t *list = NULL;

    for (size_t i = 0; i < owned->count; i++) {
        struct owned_part *part = &owned->list[i];

        if (part->topic != m->topic || part->next == OWNED_UNKNOWN ||
            !(m->is_committing || owned_is_dirty(part))) {
            continue;
        }
        if (list == NULL) {
            list = rd_kafka_topic_partition_list_new((int)owned->count);
        }
        rd_kafka_topic_partition_list_add(list, m->topic_name, part->partition)
            ->offset = part->next;
        part->committed = part->next;
    }
    return list;
}

/* A commit failed: its places are to be written again. */
static void dirty_again(struct member *m,
                        const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; list != NULL && i < list->cnt; i++) {
        struct owned_part *part =
            owned_find(&m->c->owned, m->topic, list->elems[i].partition);

        if (part != NULL) {
            part->committed = OWNED_UNKNOWN;
        }
    }
}

void member_on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *list, void *user)
{
    struct member *m = user;

    (void)rk;
    m->is_committing = false;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR &&
        code != RD_KAFKA_RESP_ERR__NO_OFFSET) {
        dirty_again(m, list);
    }
}

void member_commit_soon(struct member *m)
{
    rd_kafka_topic_partition_list_t *list = NULL;

    if (m->is_committing || clock_steady_us() < m->commit_at_us ||
        membership_is_joining(&m->membership)) {
        return;
    }
    list = dirty_take(m);
    if (list == NULL) {
        return;
    }
    m->commit_at_us = clock_steady_us() + CONSUMER_COMMIT_MS * US_PER_MS;
    m->is_committing =
        rd_kafka_commit(m->rk, list, 1) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!m->is_committing) {
        dirty_again(m, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

/* Wait for the answer to one commit. An answer that comes after its waiter
 * has gone stays in the queue and must not be taken for the next one's. */
static rd_kafka_resp_err_t commit_wait(struct member *m)
{
    rd_kafka_event_t *event =
        rd_kafka_queue_poll(m->commit_queue, COMMIT_WAIT_MS);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;

    if (event != NULL) {
        code = rd_kafka_event_error(event);
        rd_kafka_event_destroy(event);
        return code;
    }
    rd_kafka_queue_destroy(m->commit_queue);
    m->commit_queue = rd_kafka_queue_new(m->rk);
    return code;
}

/* The group is formed by librdkafka's own threads: all we can do is wait. */
static void join_wait(const struct member *m)
{
    const struct timespec look = {0, JOIN_LOOK_MS * 1000000L};
    int64_t until_us = clock_steady_us() + JOIN_WAIT_MS * US_PER_MS;

    while (membership_is_joining(&m->membership) &&
           clock_steady_us() < until_us) {
        (void)nanosleep(&look, NULL);
    }
}

bool member_commit(struct member *m, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = dirty_take(m);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    if (list == NULL) {
        return true;
    }
    join_wait(m);
    code = rd_kafka_commit_queue(m->rk, list, m->commit_queue, NULL, NULL);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = commit_wait(m);
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        dirty_again(m, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           err_set(err, ERR_UNAVAILABLE, "Kafka commit: %s",
                   rd_kafka_err2str(code));
}

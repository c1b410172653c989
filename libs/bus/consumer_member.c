/* One member of one group: a client of its own that reads one topic, its
 * partitions coming and going (consumer_commit.c writes its places).
 *
 * A topic has a group to itself, named GROUP.TOPIC, because a group's members
 * share out all partitions they subscribed to as if these were alike: with
 * three topics in one group a second member is given the partitions that
 * happen to be last, and may get none of the topic where the work is. A
 * rebalance then also concerns one topic only. */
#include "bus/consumer_state.h"

#include "bus/settings.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#define PLACES_MS 2000

/* --- partitions come and go ---------------------------------------------- */

static void must_not_fail(rd_kafka_error_t *error, struct consumer *c)
{
    if (error != NULL) {
        (void)snprintf(c->trouble, sizeof c->trouble, "%s",
                       rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    }
}

/* Where the group is in partitions that came, so that a gap behind it is seen
 * (consumer_options.on_skipped). What can't be learned in time is not looked
 * for: reading matters more. */
static void places_learn(struct member *m,
                         const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *places = NULL;

    if (m->c->on_skipped == NULL || list->cnt == 0) {
        return;
    }
    places = rd_kafka_topic_partition_list_copy(list);
    if (rd_kafka_committed(m->rk, places, PLACES_MS) ==
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        for (int i = 0; i < places->cnt; i++) {
            struct owned_part *part =
                owned_find(&m->c->owned, m->topic, places->elems[i].partition);

            if (part != NULL && places->elems[i].offset >= 0) {
                part->group = places->elems[i].offset;
            }
        }
    }
    rd_kafka_topic_partition_list_destroy(places);
}

static void parts_add(struct member *m, rd_kafka_topic_partition_list_t *list)
{
    struct consumer *c = m->c;

    must_not_fail(rd_kafka_incremental_assign(m->rk, list), c);
    /* librdkafka remembers for a partition that it was paused, also while it
     * is somebody else's: one that comes back must not sleep for ever. */
    if (c->is_paused) {
        (void)rd_kafka_pause_partitions(m->rk, list);
    } else {
        (void)rd_kafka_resume_partitions(m->rk, list);
    }
    for (int i = 0; i < list->cnt; i++) {
        owned_add(&c->owned, m->topic, list->elems[i].partition);
    }
    places_learn(m, list);
    m->is_joined = true;
}

/* What the batch in the making holds of partitions that are not ours any more
 * would be done twice. */
static void batch_drop_strangers(struct consumer *c)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->count; i++) {
        struct record_place place = c->records[i].place;

        if (owned_find(&c->owned, place.topic, place.partition) == NULL) {
            rd_kafka_message_destroy(c->messages[i]);
            continue;
        }
        c->records[kept] = c->records[i];
        c->messages[kept] = c->messages[i];
        kept++;
    }
    c->count = kept;
}

static void parts_remove(struct member *m,
                         rd_kafka_topic_partition_list_t *list)
{
    struct consumer *c = m->c;
    struct err err = ERR_NONE;
    bool is_lost = rd_kafka_assignment_lost(m->rk) != 0;

    if (!c->is_closing && list->cnt > 0) {
        if (c->on_revoke != NULL) {
            c->on_revoke(c->user);
        }
        if (!is_lost && !member_commit(m, &err)) {
            (void)snprintf(c->trouble, sizeof c->trouble, "%.*s",
                           CONSUMER_TROUBLE_MAX - 1, err.text);
        }
    }
    for (int i = 0; i < list->cnt; i++) {
        owned_remove(&c->owned, m->topic, list->elems[i].partition);
    }
    m->is_joined = m->is_joined && !is_lost;
    batch_drop_strangers(c);
    must_not_fail(rd_kafka_incremental_unassign(m->rk, list), c);
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct member *m = opaque;

    (void)rk;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        parts_add(m, list);
    } else {
        parts_remove(m, list);
    }
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct member *m = opaque;
    struct consumer *c = m->c;

    (void)rk;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        membership_away(&m->membership);
        (void)snprintf(c->trouble, sizeof c->trouble, "%s", reason);
    }
}

/* --- opening ------------------------------------------------------------- */

static bool client_open(const struct consumer_options *opts, struct member *m,
                        struct err *err)
{
    struct buf group = BUF_EMPTY;

    buf_addf(&group, "%s.%s", opts->group, m->topic_name);
    const struct property ours[] = {
        {"group.id", buf_cstr(&group)},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"session.timeout.ms", CONSUMER_SESSION_TEXT},
    };
    rd_kafka_conf_t *conf = NULL;

    bool ok = settings_new(opts->bus, ours, COUNT_OF(ours), &conf, err);
    buf_free(&group);
    if (!ok) {
        return false;
    }
    rd_kafka_conf_set_opaque(conf, m);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, member_on_commit);
    membership_watch(conf, &m->membership);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return settings_client(RD_KAFKA_CONSUMER, conf, &m->rk, err);
}

static bool subscribe(struct member *m, struct err *err)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    (void)rd_kafka_topic_partition_list_add(list, m->topic_name,
                                            RD_KAFKA_PARTITION_UA);
    code = rd_kafka_subscribe(m->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           err_set(err, ERR_INVALID, "Kafka subscription: %s",
                   rd_kafka_err2str(code));
}

bool member_open(struct consumer *c, const struct consumer_options *opts,
                 const char *topic, struct err *err)
{
    static const uint64_t one = 1;
    struct member *m = &c->members[c->member_count];

    m->c = c;
    m->topic = (int32_t)c->member_count++;
    m->topic_name = mem_new(strlen(topic) + 1);
    memcpy(m->topic_name, topic, strlen(topic) + 1);
    if (!client_open(opts, m, err)) {
        return false;
    }
    (void)rd_kafka_poll_set_consumer(m->rk);
    m->queue = rd_kafka_queue_get_consumer(m->rk);
    rd_kafka_queue_io_event_enable(m->queue, c->wake_fd, &one, sizeof one);
    m->commit_queue = rd_kafka_queue_new(m->rk);
    return subscribe(m, err);
}

static void queue_close(rd_kafka_queue_t *queue)
{
    if (queue != NULL) {
        rd_kafka_queue_destroy(queue);
    }
}

void member_close(struct member *m)
{
    queue_close(m->commit_queue);
    queue_close(m->queue);
    if (m->rk != NULL) {
        (void)rd_kafka_consumer_close(m->rk);
        rd_kafka_destroy(m->rk);
    }
    free(m->topic_name);
}

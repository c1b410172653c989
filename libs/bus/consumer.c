/* Receiving: poll, hand out, remember what is done (consumer_commit.c writes
 * it to the group).
 *
 * The happy path: consumer_poll takes records one by one from librdkafka's
 * queue into one batch; the caller records them and says consumer_done; every
 * CONSUMER_COMMIT_MS the next poll hands the new places to an asynchronous
 * commit. The endings: a commit that fails makes its places dirty again; a
 * partition that is taken away is finished by on_revoke, committed and waited
 * for, and what the batch in the making already holds of it is dropped, for
 * its next owner will read it. A partition that is lost (the group has given
 * it to another already) is not committed: the group would refuse. */
#include "bus/consumer_state.h"

#include "bus/message.h"
#include "bus/settings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct consumer *consumer_of(void *opaque)
{
    return opaque;
}

/* --- partitions come and go ---------------------------------------------- */

static void must_not_fail(rd_kafka_error_t *error, struct consumer *c)
{
    if (error != NULL) {
        (void)snprintf(c->trouble, sizeof c->trouble, "%s",
                       rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    }
}

static void parts_add(struct consumer *c, rd_kafka_topic_partition_list_t *list)
{
    must_not_fail(rd_kafka_incremental_assign(c->rk, list), c);
    /* librdkafka remembers for a partition that it was paused, also while it
     * is somebody else's: one that comes back must not sleep for ever. */
    if (c->is_paused) {
        (void)rd_kafka_pause_partitions(c->rk, list);
    } else {
        (void)rd_kafka_resume_partitions(c->rk, list);
    }
    for (int i = 0; i < list->cnt; i++) {
        int32_t topic = consumer_topic(c, list->elems[i].topic);

        if (topic >= 0) {
            owned_add(&c->owned, topic, list->elems[i].partition);
        }
    }
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

static void parts_remove(struct consumer *c,
                         rd_kafka_topic_partition_list_t *list)
{
    struct err err = ERR_NONE;

    if (!c->is_closing && list->cnt > 0) {
        if (c->on_revoke != NULL) {
            c->on_revoke(c->user);
        }
        if (!rd_kafka_assignment_lost(c->rk) && !consumer_commit(c, &err)) {
            (void)snprintf(c->trouble, sizeof c->trouble, "%.*s",
                           CONSUMER_TROUBLE_MAX - 1, err.text);
        }
    }
    for (int i = 0; i < list->cnt; i++) {
        owned_remove(&c->owned, consumer_topic(c, list->elems[i].topic),
                     list->elems[i].partition);
    }
    batch_drop_strangers(c);
    must_not_fail(rd_kafka_incremental_unassign(c->rk, list), c);
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct consumer *c = consumer_of(opaque);

    (void)rk;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        parts_add(c, list);
    } else {
        parts_remove(c, list);
    }
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct consumer *c = consumer_of(opaque);

    (void)rk;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        (void)snprintf(c->trouble, sizeof c->trouble, "%s", reason);
    }
}

/* --- opening ------------------------------------------------------------- */

static bool client_open(const struct consumer_options *opts, struct consumer *c,
                        struct err *err)
{
    const struct property ours[] = {
        {"group.id", opts->group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", opts->from_end ? "latest" : "earliest"},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"session.timeout.ms", CONSUMER_SESSION_TEXT},
    };
    rd_kafka_conf_t *conf = NULL;

    if (!settings_new(opts->bus, ours, COUNT_OF(ours), &conf, err)) {
        return false;
    }
    rd_kafka_conf_set_opaque(conf, c);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, consumer_on_commit);
    membership_watch(conf, &c->membership);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return settings_client(RD_KAFKA_CONSUMER, conf, &c->rk, err);
}

static bool subscribe(struct consumer *c, struct err *err)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)c->topic_count);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    for (size_t i = 0; i < c->topic_count; i++) {
        (void)rd_kafka_topic_partition_list_add(list, c->topics[i],
                                                RD_KAFKA_PARTITION_UA);
    }
    code = rd_kafka_subscribe(c->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           err_set(err, ERR_INVALID, "Kafka subscription: %s",
                   rd_kafka_err2str(code));
}

bool consumer_open(const struct consumer_options *opts, struct consumer **out,
                   struct err *err)
{
    struct consumer *c = mem_zero(1, sizeof *c);

    assert(opts->group != NULL && opts->topics[0] != NULL);
    c->on_revoke = opts->on_revoke;
    c->user = opts->user;
    for (size_t i = 0; opts->topics[i] != NULL; i++) {
        assert(i < CONSUMER_TOPICS_MAX);
        c->topics[i] = mem_new(strlen(opts->topics[i]) + 1);
        memcpy(c->topics[i], opts->topics[i], strlen(opts->topics[i]) + 1);
        c->topic_count++;
    }
    if (!client_open(opts, c, err)) {
        consumer_close(c);
        return false;
    }
    (void)rd_kafka_poll_set_consumer(c->rk);
    c->commit_queue = rd_kafka_queue_new(c->rk);
    if (!subscribe(c, err)) {
        consumer_close(c);
        return false;
    }
    *out = c;
    return true;
}

static void batch_free(struct consumer *c)
{
    for (size_t i = 0; i < c->count; i++) {
        rd_kafka_message_destroy(c->messages[i]);
    }
    c->count = 0;
}

void consumer_close(struct consumer *c)
{
    if (c == NULL) {
        return;
    }
    c->is_closing = true;
    batch_free(c);
    if (c->commit_queue != NULL) {
        rd_kafka_queue_destroy(c->commit_queue);
    }
    if (c->rk != NULL) {
        (void)rd_kafka_consumer_close(c->rk);
        rd_kafka_destroy(c->rk);
    }
    for (size_t i = 0; i < c->topic_count; i++) {
        free(c->topics[i]);
    }
    owned_free(&c->owned);
    free(c->messages);
    free(c->records);
    free(c);
}

/* --- polling ------------------------------------------------------------- */

/* The end of a partition's log as of the last answer that brought records. */
static int64_t log_end(struct consumer *c, const struct owned_part *part)
{
    int64_t low = 0;
    int64_t high = 0;

    return rd_kafka_get_watermark_offsets(c->rk, c->topics[part->topic],
                                          part->partition, &low,
                                          &high) == RD_KAFKA_RESP_ERR_NO_ERROR
               ? high
               : 0;
}

/* Take the message into the batch. */
static void batch_add(struct consumer *c, rd_kafka_message_t *message)
{
    struct record *r = &c->records[c->count];
    int32_t topic = consumer_topic(c, rd_kafka_topic_name(message->rkt));
    struct owned_part *part = owned_find(&c->owned, topic, message->partition);

    message_read(message, r);
    r->place =
        (struct record_place){topic, message->partition, message->offset};
    c->messages[c->count++] = message;
    if (part != NULL && part->next == OWNED_UNKNOWN) {
        owned_read(part, message->offset, log_end(c, part));
    }
    r->is_inherited = part != NULL && message->offset < part->inherited;
}

/* An event that is no record. False ends the poll. */
static bool trouble_read(struct consumer *c, const rd_kafka_message_t *message,
                         struct err *err)
{
    char reason[CONSUMER_TROUBLE_MAX];

    if (rd_kafka_fatal_error(c->rk, reason, sizeof reason) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(err, ERR_INTERNAL, "Kafka consumer: %s", reason);
    }
    (void)snprintf(c->trouble, sizeof c->trouble, "%s",
                   rd_kafka_message_errstr(message));
    return true;
}

static void batch_start(struct consumer *c, size_t max)
{
    batch_free(c);
    if (c->cap < max) {
        c->messages = mem_grow(c->messages, max * sizeof *c->messages);
        c->records = mem_grow(c->records, max * sizeof *c->records);
        c->cap = max;
    }
}

bool consumer_poll(struct consumer *c, unsigned wait_ms, size_t max,
                   const struct record **records, size_t *count,
                   struct err *err)
{
    rd_kafka_message_t *message = NULL;
    bool ok = true;

    assert(max > 0);
    consumer_commit_soon(c);
    batch_start(c, max);
    message = rd_kafka_consumer_poll(c->rk, (int)wait_ms);
    while (message != NULL && ok) {
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            batch_add(c, message);
        } else {
            ok = trouble_read(c, message, err);
            rd_kafka_message_destroy(message);
        }
        message =
            ok && c->count < max ? rd_kafka_consumer_poll(c->rk, 0) : NULL;
    }
    if (ok && c->count == 0 && c->trouble[0] != '\0') {
        ok = err_set(err, ERR_UNAVAILABLE, "Kafka: %s", c->trouble);
        c->trouble[0] = '\0';
    }
    if (ok) {
        *records = c->records;
        *count = c->count;
    }
    return ok;
}

void consumer_done(struct consumer *c, const struct record_place *place)
{
    owned_done(&c->owned, place->topic, place->partition, place->offset);
}

void consumer_taken(struct consumer *c, const struct record_place *place,
                    bool was_taken)
{
    owned_taken(&c->owned, place->topic, place->partition, was_taken);
}

/* --- state --------------------------------------------------------------- */

void consumer_pause(struct consumer *c, bool paused)
{
    rd_kafka_topic_partition_list_t *list = NULL;

    if (paused == c->is_paused) {
        return;
    }
    c->is_paused = paused;
    if (rd_kafka_assignment(c->rk, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    if (paused) {
        (void)rd_kafka_pause_partitions(c->rk, list);
    } else {
        (void)rd_kafka_resume_partitions(c->rk, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

int64_t consumer_lag(struct consumer *c)
{
    int64_t lag = 0;

    for (size_t i = 0; i < c->owned.count; i++) {
        const struct owned_part *part = &c->owned.list[i];

        if (part->next != OWNED_UNKNOWN) {
            lag += MAX_OF((int64_t)0, log_end(c, part) - part->next);
        }
    }
    return lag;
}

bool consumer_is_joined(const struct consumer *c)
{
    return c->owned.count > 0;
}

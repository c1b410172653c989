/* Receiving: poll, hand out, remember what is done (consumer_commit.c writes
 * it to the groups; consumer_member.c is one topic's client).
 *
 * The happy path: consumer_poll takes records one by one from the members'
 * queues into one batch; the caller records them and says consumer_done; every
 * CONSUMER_COMMIT_MS the next poll hands the new places to an asynchronous
 * commit. The endings: a commit that fails makes its places dirty again; a
 * partition that is taken away is finished by on_revoke, committed and waited
 * for, and what the batch in the making already holds of it is dropped, for
 * its next owner will read it. A partition that is lost (the group has given
 * it to another already) is not committed: the group would refuse. */
#include "bus/consumer_state.h"

#include "bus/message.h"

#include "base/clock.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* --- opening ------------------------------------------------------------- */

bool consumer_open(const struct consumer_options *opts, struct consumer **out,
                   struct err *err)
{
    struct consumer *c = mem_zero(1, sizeof *c);

    assert(opts->group != NULL && opts->topics[0] != NULL);
    c->on_revoke = opts->on_revoke;
    c->on_skipped = opts->on_skipped;
    c->user = opts->user;
    c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool ok =
        c->wake_fd >= 0 || err_set(err, ERR_INTERNAL, "can't make an eventfd");
    for (size_t i = 0; ok && opts->topics[i] != NULL; i++) {
        assert(i < CONSUMER_TOPICS_MAX);
        ok = member_open(c, opts, opts->topics[i], err);
    }
    if (!ok) {
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
    for (size_t i = 0; i < c->member_count; i++) {
        member_close(&c->members[i]);
    }
    if (c->wake_fd >= 0) {
        (void)close(c->wake_fd);
    }
    owned_free(&c->owned);
    free(c->messages);
    free(c->records);
    free(c);
}

/* --- polling ------------------------------------------------------------- */

/* Take the message into the batch. */
static void batch_add(struct consumer *c, const struct member *m,
                      rd_kafka_message_t *message)
{
    struct record *r = &c->records[c->count];
    struct owned_part *part =
        owned_find(&c->owned, m->topic, message->partition);

    message_read(message, r);
    r->place =
        (struct record_place){m->topic, message->partition, message->offset};
    c->messages[c->count++] = message;
    if (part != NULL && part->next == OWNED_UNKNOWN) {
        owned_read(part, message->offset, consumer_log_end(c, part));
        if (c->on_skipped != NULL && part->group != OWNED_UNKNOWN &&
            message->offset > part->group) {
            c->on_skipped(c->user, r, part->group);
        }
    }
    r->is_inherited = part != NULL && message->offset < part->inherited;
}

/* An event that is no record. False ends the poll. */
static bool trouble_read(struct consumer *c, const struct member *m,
                         const rd_kafka_message_t *message, struct err *err)
{
    char reason[CONSUMER_TROUBLE_MAX];

    if (rd_kafka_fatal_error(m->rk, reason, sizeof reason) !=
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

/* What has come already. The member whose turn it is may fill the batch; the
 * next batch is another's turn. */
static bool collect(struct consumer *c, size_t max, struct err *err)
{
    bool ok = true;

    c->turn++;
    for (size_t dry = 0; ok && dry < c->member_count && c->count < max;) {
        struct member *m = &c->members[c->turn % c->member_count];
        rd_kafka_message_t *message = rd_kafka_consumer_poll(m->rk, 0);

        if (message == NULL) {
            c->turn++;
            dry++;
        } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            batch_add(c, m, message);
        } else {
            ok = trouble_read(c, m, message, err);
            rd_kafka_message_destroy(message);
        }
    }
    return ok;
}

/* Until a member has something, or until then; false when it is then. */
static bool wait_wake(struct consumer *c, int64_t until_us)
{
    struct pollfd wake = {.fd = c->wake_fd, .events = POLLIN};
    int64_t left_us = until_us - clock_steady_us();
    uint64_t count = 0;

    if (left_us <= 0) {
        return false;
    }
    (void)poll(&wake, 1, (int)((left_us + US_PER_MS - 1) / US_PER_MS));
    (void)!read(c->wake_fd, &count, sizeof count);
    return true;
}

bool consumer_poll(struct consumer *c, unsigned wait_ms, size_t max,
                   const struct record **records, size_t *count,
                   struct err *err)
{
    const int64_t until_us = clock_steady_us() + wait_ms * US_PER_MS;
    bool ok = true;

    assert(max > 0);
    for (size_t i = 0; i < c->member_count; i++) {
        member_commit_soon(&c->members[i]);
    }
    batch_start(c, max);
    do {
        ok = collect(c, max, err);
    } while (ok && c->count == 0 && c->trouble[0] == '\0' &&
             wait_wake(c, until_us));
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

bool consumer_commit(struct consumer *c, struct err *err)
{
    bool ok = true;

    for (size_t i = 0; i < c->member_count; i++) {
        struct err why = ERR_NONE;

        if (!member_commit(&c->members[i], &why)) {
            *err = why;
            ok = false;
        }
    }
    return ok;
}

static void member_pause(const struct member *m, bool paused)
{
    rd_kafka_topic_partition_list_t *list = NULL;

    if (rd_kafka_assignment(m->rk, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    if (paused) {
        (void)rd_kafka_pause_partitions(m->rk, list);
    } else {
        (void)rd_kafka_resume_partitions(m->rk, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

void consumer_pause(struct consumer *c, bool paused)
{
    if (paused == c->is_paused) {
        return;
    }
    c->is_paused = paused;
    for (size_t i = 0; i < c->member_count; i++) {
        member_pause(&c->members[i], paused);
    }
}

size_t consumer_owned(const struct consumer *c, size_t topic)
{
    size_t count = 0;

    for (size_t i = 0; i < c->owned.count; i++) {
        count += c->owned.list[i].topic == (int32_t)topic;
    }
    return count;
}

bool consumer_is_joined(const struct consumer *c)
{
    for (size_t i = 0; i < c->member_count; i++) {
        if (!c->members[i].is_joined) {
            return false;
        }
    }
    return true;
}

bool consumer_is_away(const struct consumer *c)
{
    for (size_t i = 0; i < c->member_count; i++) {
        if (membership_is_away(&c->members[i].membership)) {
            return true;
        }
    }
    return false;
}

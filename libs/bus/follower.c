/* Partitions assigned by hand, all that there are, and every LOOK_US those
 * that came since. */
#include "bus/follower.h"

#include "bus/assigned.h"
#include "bus/message.h"
#include "bus/settings.h"

#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define LOOK_US (5 * US_PER_S)
#define TROUBLE_MAX 256

struct follower {
    rd_kafka_t *rk;
    const char *const *topics;
    int32_t parts[FOLLOWER_TOPICS_MAX]; /* That are assigned, by topic. */
    unsigned wait_ms;
    int64_t looked_us;           /* When partitions were counted. */
    rd_kafka_message_t *message; /* That the caller reads. */
    struct record record;
    char trouble[TROUBLE_MAX]; /* Told by the next poll; "": none */
};

/* --- partitions ---------------------------------------------------------- */

static bool assign(const struct follower *f,
                   const rd_kafka_topic_partition_list_t *list, struct err *err)
{
    rd_kafka_error_t *error = rd_kafka_incremental_assign(f->rk, list);

    if (error != NULL) {
        (void)err_set(err, ERR_UNAVAILABLE, "Kafka: %s",
                      rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        return false;
    }
    return true;
}

/* Those that are not assigned yet. One ends where its number says now: "the
 * end" would be that of the moment in which it is first fetched. */
static bool add_parts(struct follower *f, size_t topic, bool from_end,
                      struct err *err)
{
    const char *name = f->topics[topic];
    rd_kafka_topic_partition_list_t *list = NULL;
    /* To begin at: the oldest, or each one's end. */
    struct assigned_range range = {.end = RD_KAFKA_OFFSET_BEGINNING};
    int32_t count = 0;
    bool ok = true;

    if (!assigned_count(f->rk, name, f->wait_ms, &count, err)) {
        return false;
    }
    if (count <= f->parts[topic]) {
        return true;
    }
    list = rd_kafka_topic_partition_list_new(count);
    for (int32_t i = f->parts[topic]; ok && i < count; i++) {
        ok = !from_end ||
             assigned_range(f->rk, name, i, f->wait_ms, &range, err);
        rd_kafka_topic_partition_list_add(list, name, i)->offset = range.end;
    }
    ok = ok && assign(f, list, err);
    rd_kafka_topic_partition_list_destroy(list);
    if (ok) {
        f->parts[topic] = count;
    }
    return ok;
}

/* What can't be learned now is looked for the next time. */
static void look(struct follower *f)
{
    int64_t now_us = clock_steady_us();
    struct err ignored = ERR_NONE;

    if (now_us - f->looked_us < LOOK_US) {
        return;
    }
    f->looked_us = now_us;
    for (size_t i = 0; f->topics[i] != NULL; i++) {
        if (!add_parts(f, i, false, &ignored)) {
            return;
        }
    }
}

/* --- opening ------------------------------------------------------------- */

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct follower *f = opaque;

    (void)rk;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        (void)snprintf(f->trouble, sizeof f->trouble, "%s", reason);
    }
}

static bool client_open(struct follower *f, const struct bus_options *bus,
                        struct err *err)
{
    static const struct property ours[] = {
        {"group.id", ASSIGNED_GROUP},
        {"enable.auto.commit", "false"},
        /* A place that Kafka has dropped: its oldest. */
        {"auto.offset.reset", "earliest"},
    };
    rd_kafka_conf_t *conf = NULL;

    if (!settings_new(bus, ours, COUNT_OF(ours), &conf, err)) {
        return false;
    }
    rd_kafka_conf_set_opaque(conf, f);
    rd_kafka_conf_set_error_cb(conf, on_error);
    if (!settings_client(RD_KAFKA_CONSUMER, conf, &f->rk, err)) {
        return false;
    }
    (void)rd_kafka_poll_set_consumer(f->rk);
    return true;
}

bool follower_open(const struct follower_options *opts, struct follower **out,
                   struct err *err)
{
    struct follower *f = mem_zero(1, sizeof *f);
    bool ok = false;

    f->topics = opts->topics;
    f->wait_ms = opts->wait_ms;
    f->looked_us = clock_steady_us();
    ok = client_open(f, opts->bus, err);
    for (size_t i = 0; ok && f->topics[i] != NULL; i++) {
        assert(i < FOLLOWER_TOPICS_MAX);
        ok = add_parts(f, i, opts->from_end, err);
    }
    if (!ok) {
        follower_close(f);
        return false;
    }
    *out = f;
    return true;
}

static void message_done(struct follower *f)
{
    if (f->message != NULL) {
        rd_kafka_message_destroy(f->message);
        f->message = NULL;
    }
}

void follower_close(struct follower *f)
{
    if (f == NULL) {
        return;
    }
    message_done(f);
    if (f->rk != NULL) {
        (void)rd_kafka_consumer_close(f->rk);
        rd_kafka_destroy(f->rk);
    }
    free(f);
}

/* --- polling ------------------------------------------------------------- */

static int32_t topic_of(const struct follower *f, struct str name)
{
    int32_t i = 0;

    while (!str_eq(name, str_of(f->topics[i]))) {
        i++;
    }
    return i;
}

static void read(struct follower *f)
{
    struct record *r = &f->record;

    message_read(f->message, r);
    r->place = (struct record_place){topic_of(f, r->topic),
                                     f->message->partition, f->message->offset};
}

bool follower_poll(struct follower *f, unsigned wait_ms,
                   const struct record **record, struct err *err)
{
    message_done(f);
    look(f);
    f->message = rd_kafka_consumer_poll(f->rk, (int)wait_ms);
    if (f->message == NULL) {
        if (f->trouble[0] != '\0') {
            (void)err_set(err, ERR_UNAVAILABLE, "Kafka: %s", f->trouble);
            f->trouble[0] = '\0';
            return false;
        }
        *record = NULL;
        return true;
    }
    if (f->message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(err, ERR_UNAVAILABLE, "Kafka: %s",
                       rd_kafka_message_errstr(f->message));
    }
    read(f);
    *record = &f->record;
    return true;
}

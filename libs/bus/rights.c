/* A broker would tell a client its rights (KIP-430), but librdkafka 2.0 has no
 * words to ask. So each is tried, by a request that is refused in any case, and
 * whose refusal says whether the right was there. That rests on the order in
 * which a broker checks (KafkaApis.scala):
 *
 * - write: a record with `acks=2`. First the right to write is checked
 *   (TOPIC_AUTHORIZATION_FAILED); then acks, which may be -1, 0 or 1 only
 *   (INVALID_REQUIRED_ACKS), before anything is appended.
 * - a group: a place in a partition that no topic has. First the right to read
 *   with the group (GROUP_AUTHORIZATION_FAILED), then that to read the topic,
 *   then whether there is such a partition (UNKNOWN_TOPIC_OR_PARTITION): that
 *   is before the group is looked up, and nobody becomes its member. (Who asks
 *   a new cluster which broker has a group makes it make its own topic for
 *   places, as every reader does.)
 * - read: what comes behind the end of a partition: nothing
 *   (_PARTITION_EOF), or TOPIC_AUTHORIZATION_FAILED. It needs no group, so
 *   that a missing right to the group hides none to the topic.
 *
 * Topics are looked up first, by a client that never makes one: a producer
 * would, of a topic that is missing. Who has no right at all to a topic may
 * not see it either, and that is told apart from its being missing. */
#include "bus/rights.h"

#include "bus/admin.h"

#include "base/clock.h"

#include <assert.h>
#include <stdio.h>

#define NO_PARTITION (1 << 30)
#define FETCH_MS "10" /* How long a broker waits for records at the end. */

struct asked {
    struct topic_rights *is;
    rd_kafka_topic_t *handle; /* The reader's. */
    int32_t partition;        /* One that somebody leads; -1: not to be asked */
    bool is_reading;
};

struct rights {
    struct asked list[RIGHTS_TOPICS_MAX];
    size_t count;
    rd_kafka_t *reader; /* Looks topics up, and reads. */
    rd_kafka_queue_t *read;
    rd_kafka_t *writer;
    struct admin admin; /* For groups; its deadline is that of all. */
};

static int left_ms(const struct rights *r)
{
    return admin_left_ms(r->admin.deadline_us);
}

static void say_why(struct topic_rights *t, const char *what,
                    rd_kafka_resp_err_t code)
{
    (void)snprintf(t->why, sizeof t->why, "%s: %s", what,
                   code == RD_KAFKA_RESP_ERR_NO_ERROR
                       ? "done, which this Kafka should have refused"
                       : rd_kafka_err2str(code));
}

static void set_wanted(enum right *right, enum right is)
{
    if (*right != RIGHT_NOT_ASKED) {
        *right = is;
    }
}

/* --- topics -----------------------------------------------------------------
 */

static int32_t led_partition(const struct rd_kafka_metadata_topic *t)
{
    for (int i = 0; i < t->partition_cnt; i++) {
        if (t->partitions[i].leader >= 0) {
            return t->partitions[i].id;
        }
    }
    return -1;
}

static void read_topic(const struct rd_kafka_metadata_topic *t, struct asked *a)
{
    if (t->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        set_wanted(&a->is->write, RIGHT_LACKED);
        set_wanted(&a->is->read, RIGHT_LACKED);
    } else if (t->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        a->is->is_missing = true;
    } else if (t->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        say_why(a->is, a->is->topic, t->err);
    } else {
        a->partition = led_partition(t);
        if (a->partition < 0) {
            say_why(a->is, a->is->topic,
                    RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
        }
    }
}

static bool look_up(struct rights *r, struct err *err)
{
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    for (size_t i = 0; i < r->count; i++) {
        struct asked *a = &r->list[i];

        a->handle = rd_kafka_topic_new(r->reader, a->is->topic, NULL);
        if (a->handle == NULL) {
            return err_set(err, ERR_INVALID, "Kafka topic %s: %s", a->is->topic,
                           rd_kafka_err2str(rd_kafka_last_error()));
        }
    }
    code = rd_kafka_metadata(r->reader, 0, NULL, &md, left_ms(r));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(err, ERR_UNAVAILABLE, "Kafka: %s",
                       rd_kafka_err2str(code));
    }
    for (int k = 0; k < md->topic_cnt; k++) {
        for (size_t i = 0; i < r->count; i++) {
            if (strcmp(md->topics[k].topic, r->list[i].is->topic) == 0) {
                read_topic(&md->topics[k], &r->list[i]);
            }
        }
    }
    rd_kafka_metadata_destroy(md);
    return true;
}

/* --- asking -----------------------------------------------------------------
 */

static void on_refusal(rd_kafka_t *rk, const rd_kafka_message_t *message,
                       void *opaque)
{
    struct topic_rights *t = message->_private;

    (void)rk;
    (void)opaque;
    if (message->err == RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS) {
        t->write = RIGHT_HELD;
    } else if (message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        t->write = RIGHT_LACKED;
    } else {
        say_why(t, "writing", message->err);
    }
}

static void ask_to_write(const struct rights *r, struct asked *a)
{
    const rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = a->is->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = a->partition},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = a->is},
    };
    rd_kafka_error_t *error =
        rd_kafka_produceva(r->writer, fields, COUNT_OF(fields));

    if (error != NULL) {
        say_why(a->is, "writing", rd_kafka_error_code(error));
        rd_kafka_error_destroy(error);
    }
}

static void ask_to_read(const struct rights *r, struct asked *a)
{
    a->is_reading =
        rd_kafka_consume_start_queue(a->handle, a->partition,
                                     RD_KAFKA_OFFSET_END, r->read) == 0;
    if (!a->is_reading) {
        say_why(a->is, "reading", rd_kafka_last_error());
    }
}

static void ask_for_group(const struct rights *r, const struct asked *a)
{
    rd_kafka_topic_partition_list_t *places =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_AlterConsumerGroupOffsets_t *order = NULL;

    rd_kafka_topic_partition_list_add(places, a->is->topic, NO_PARTITION)
        ->offset = 0;
    order = rd_kafka_AlterConsumerGroupOffsets_new(a->is->group, places);
    rd_kafka_AdminOptions_set_opaque(r->admin.options, a->is);
    rd_kafka_AlterConsumerGroupOffsets(r->admin.rk, &order, 1, r->admin.options,
                                       r->admin.queue);
    rd_kafka_AlterConsumerGroupOffsets_destroy(order);
    rd_kafka_topic_partition_list_destroy(places);
}

static void ask_all(struct rights *r)
{
    for (size_t i = 0; i < r->count; i++) {
        struct asked *a = &r->list[i];

        if (a->partition >= 0 && a->is->write == RIGHT_UNKNOWN) {
            ask_to_write(r, a);
        }
        if (a->partition >= 0 && a->is->read == RIGHT_UNKNOWN) {
            ask_to_read(r, a);
        }
        if (a->is->group_read == RIGHT_UNKNOWN) {
            ask_for_group(r, a);
        }
    }
}

/* --- answers ----------------------------------------------------------------
 */

static void judge_group(struct topic_rights *t, rd_kafka_resp_err_t code)
{
    if (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
        t->group_read = RIGHT_LACKED;
    } else if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
               code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        t->group_read = RIGHT_HELD;
    } else {
        say_why(t, t->group, code);
    }
}

/* Of the only place of the only group that was asked for. */
static rd_kafka_resp_err_t group_answer(rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const rd_kafka_group_result_t **groups = NULL;
    const rd_kafka_topic_partition_list_t *places = NULL;
    size_t count = 0;

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return code;
    }
    groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
        rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count);
    if (count == 0) {
        return RD_KAFKA_RESP_ERR__FAIL;
    }
    if (rd_kafka_group_result_error(groups[0]) != NULL) {
        return rd_kafka_error_code(rd_kafka_group_result_error(groups[0]));
    }
    places = rd_kafka_group_result_partitions(groups[0]);
    return places != NULL && places->cnt > 0 ? places->elems[0].err
                                             : RD_KAFKA_RESP_ERR__FAIL;
}

/* Each order is answered, if only by librdkafka when its time is over. */
static void hear_groups(struct rights *r)
{
    for (size_t i = 0; i < r->count; i++) {
        rd_kafka_event_t *event = NULL;

        if (r->list[i].is->group_read == RIGHT_NOT_ASKED) {
            continue;
        }
        event = rd_kafka_queue_poll(r->admin.queue, left_ms(r));
        if (event == NULL) {
            return;
        }
        judge_group(rd_kafka_event_opaque(event), group_answer(event));
        rd_kafka_event_destroy(event);
    }
}

static void judge_read(struct rights *r, const rd_kafka_message_t *message)
{
    for (size_t i = 0; message->rkt != NULL && i < r->count; i++) {
        struct topic_rights *t = r->list[i].is;

        if (strcmp(t->topic, rd_kafka_topic_name(message->rkt)) != 0) {
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
            message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            t->read = RIGHT_HELD;
        } else if (message->err ==
                   RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
            t->read = RIGHT_LACKED;
        } else {
            say_why(t, "reading", message->err);
        }
    }
}

static bool is_reading(const struct rights *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->list[i].is_reading && r->list[i].is->read == RIGHT_UNKNOWN) {
            return true;
        }
    }
    return false;
}

static void hear_reads(struct rights *r)
{
    while (is_reading(r) && clock_steady_us() < r->admin.deadline_us) {
        rd_kafka_message_t *message =
            rd_kafka_consume_queue(r->read, left_ms(r));

        if (message != NULL) {
            judge_read(r, message);
            rd_kafka_message_destroy(message);
        }
    }
}

static void hear_all(struct rights *r)
{
    (void)rd_kafka_flush(r->writer, left_ms(r));
    hear_groups(r);
    hear_reads(r);
    for (size_t i = 0; i < r->count; i++) {
        struct topic_rights *t = r->list[i].is;
        bool is_open = t->write == RIGHT_UNKNOWN || t->read == RIGHT_UNKNOWN ||
                       t->group_read == RIGHT_UNKNOWN;

        if (is_open && t->why[0] == '\0') {
            (void)snprintf(t->why, sizeof t->why, "%s: no answer in time",
                           t->topic);
        }
    }
}

/* --- life -------------------------------------------------------------------
 */

static bool open_reader(const struct bus_options *bus, struct rights *r,
                        struct err *err)
{
    static const struct property ours[] = {
        {"enable.auto.commit", "false"},
        {"enable.partition.eof", "true"},
        {"fetch.wait.max.ms", FETCH_MS},
    };
    rd_kafka_conf_t *conf = NULL;

    if (!settings_new(bus, ours, COUNT_OF(ours), &conf, err) ||
        !settings_client(RD_KAFKA_CONSUMER, conf, &r->reader, err)) {
        return false;
    }
    r->read = rd_kafka_queue_new(r->reader);
    return true;
}

static bool open_writer(const struct bus_options *bus, unsigned wait_ms,
                        struct rights *r, struct err *err)
{
    char timeout[24];
    const struct property ours[] = {
        {"acks", "2"},
        {"enable.idempotence", "false"},
        {"linger.ms", "0"},
        {"message.timeout.ms", timeout},
    };
    rd_kafka_conf_t *conf = NULL;

    (void)snprintf(timeout, sizeof timeout, "%u", wait_ms);
    if (!settings_new(bus, ours, COUNT_OF(ours), &conf, err)) {
        return false;
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_refusal);
    return settings_client(RD_KAFKA_PRODUCER, conf, &r->writer, err);
}

static void rights_close(struct rights *r)
{
    for (size_t i = 0; i < r->count; i++) {
        struct asked *a = &r->list[i];

        if (a->is_reading) {
            (void)rd_kafka_consume_stop(a->handle, a->partition);
        }
        if (a->handle != NULL) {
            rd_kafka_topic_destroy(a->handle);
        }
    }
    if (r->read != NULL) {
        rd_kafka_queue_destroy(r->read);
    }
    if (r->reader != NULL) {
        rd_kafka_destroy(r->reader);
    }
    if (r->writer != NULL) {
        rd_kafka_destroy(r->writer);
    }
    admin_close(&r->admin);
}

bool rights_ask(const struct bus_options *bus, struct topic_rights *list,
                size_t count, unsigned wait_ms, struct err *err)
{
    struct rights r = {.count = count};
    bool ok = false;

    assert(count <= RIGHTS_TOPICS_MAX);
    for (size_t i = 0; i < count; i++) {
        r.list[i] = (struct asked){.is = &list[i], .partition = -1};
    }
    ok = admin_open(bus, wait_ms, &r.admin, err) && open_reader(bus, &r, err) &&
         open_writer(bus, wait_ms, &r, err) && look_up(&r, err);
    if (ok) {
        ask_all(&r);
        hear_all(&r);
    }
    rights_close(&r);
    return ok;
}

/* --- who ----------------------------------------------------------------- */

static void get(const rd_kafka_conf_t *conf, const char *name,
                char out[RIGHTS_USER_MAX])
{
    size_t size = RIGHTS_USER_MAX;

    if (rd_kafka_conf_get(conf, name, out, &size) != RD_KAFKA_CONF_OK) {
        out[0] = '\0';
    }
}

bool rights_user(const struct bus_options *bus, enum rights_user *kind,
                 char out[RIGHTS_USER_MAX], struct err *err)
{
    char protocol[RIGHTS_USER_MAX];
    rd_kafka_conf_t *conf = NULL;

    if (!settings_new(bus, NULL, 0, &conf, err)) {
        return false;
    }
    get(conf, "security.protocol", protocol);
    *kind = RIGHTS_USER_NAMED;
    if (strncmp(protocol, "sasl", 4) == 0) {
        get(conf, "sasl.username", out);
        *kind = out[0] != '\0' ? RIGHTS_USER_NAMED : RIGHTS_USER_OTHER;
    } else {
        get(conf, "ssl.certificate.location", out);
        if (strcmp(protocol, "ssl") == 0 && out[0] != '\0') {
            *kind = RIGHTS_USER_CERTIFICATE;
        } else {
            (void)snprintf(out, RIGHTS_USER_MAX, "ANONYMOUS");
        }
    }
    rd_kafka_conf_destroy(conf);
    return true;
}

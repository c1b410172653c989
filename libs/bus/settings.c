/* librdkafka's properties: ours, those of the operator, and the few that the
 * operator can't have because a promise rests on them. */
#include "bus/settings.h"

#include "base/buf.h"

#include <assert.h>

#define REASON_MAX 256

/* Meeting brokers again takes about a second at most, however long they were
 * away. */
static const struct property everywhere[] = {
    {"socket.keepalive.enable", "true"},
    {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "1000"},
    {"topic.metadata.refresh.fast.interval.ms", "100"},
};

/* "No acknowledged write is lost, no subject is out of order, no record is
 * passed before it is recorded" rests on these. */
static const char *const reserved[] = {
    "bootstrap.servers",
    "metadata.broker.list",
    "client.id",
    "acks",
    "request.required.acks",
    "enable.idempotence",
    "enable.gapless.guarantee",
    "transactional.id",
    "message.timeout.ms",
    "delivery.timeout.ms",
    "partitioner",
    "group.id",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "partition.assignment.strategy",
    "auto.offset.reset",
};

/* librdkafka would print on our standard error; what matters comes back as
 * errors, and libraries do not log. */
static void say_nothing(const rd_kafka_t *rk, int level, const char *facility,
                        const char *text)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)text;
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value,
                struct err *err)
{
    char reason[REASON_MAX];

    if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) !=
        RD_KAFKA_CONF_OK) {
        return err_set(err, ERR_INVALID, "Kafka: %s", reason);
    }
    return true;
}

static bool set_all(rd_kafka_conf_t *conf, const struct property *list,
                    size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!set(conf, list[i].name, list[i].value, err)) {
            return false;
        }
    }
    return true;
}

static bool is_reserved(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(reserved); i++) {
        if (str_eq(name, str_of(reserved[i]))) {
            return true;
        }
    }
    return false;
}

/* One "name=value". The value may be a password: only the name is shown, and
 * librdkafka's own reason, which may quote the value, is not. */
static bool extra_set(rd_kafka_conf_t *conf, struct str part, size_t number,
                      struct err *err)
{
    const char *equals = memchr(part.data, '=', part.len);
    struct str name = {part.data,
                       equals != NULL ? (size_t)(equals - part.data) : 0};
    struct buf text = BUF_EMPTY;
    const char *value = NULL;
    char reason[REASON_MAX];
    rd_kafka_conf_res_t result = RD_KAFKA_CONF_OK;

    name = str_trim(name);
    if (name.len == 0) {
        return err_set(err, ERR_INVALID,
                       "Kafka property %zu is not of the form name=value",
                       number);
    }
    if (is_reserved(name)) {
        return err_set(err, ERR_INVALID,
                       "Kafka property %.*s can't be changed: delivery "
                       "promises rest on it",
                       STR_ARGS(name));
    }
    buf_add(&text, name);
    buf_add_char(&text, '\0');
    buf_add(&text, (struct str){equals + 1,
                                (size_t)(part.data + part.len - equals - 1)});
    value = text.data + name.len + 1;
    result = rd_kafka_conf_set(conf, text.data, value, reason, sizeof reason);
    if (result != RD_KAFKA_CONF_OK) {
        (void)err_set(err, ERR_INVALID, "Kafka property %s %s", text.data,
                      result == RD_KAFKA_CONF_UNKNOWN
                          ? "is unknown to librdkafka"
                          : "has a value that librdkafka refuses");
    }
    explicit_bzero(text.data, text.len);
    buf_free(&text);
    return result == RD_KAFKA_CONF_OK;
}

static bool extra_set_all(rd_kafka_conf_t *conf, struct str extra,
                          struct err *err)
{
    size_t number = 0;

    for (size_t at = 0; at < extra.len; number++) {
        const char *comma = memchr(extra.data + at, ',', extra.len - at);
        size_t end = comma != NULL ? (size_t)(comma - extra.data) : extra.len;
        struct str part = {extra.data + at, end - at};

        if (!extra_set(conf, str_trim(part), number + 1, err)) {
            return false;
        }
        at = end + 1;
    }
    return true;
}

bool settings_new(const struct bus_options *bus, const struct property *ours,
                  size_t count, rd_kafka_conf_t **out, struct err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    assert(bus->brokers != NULL && bus->client_id != NULL);
    rd_kafka_conf_set_log_cb(conf, say_nothing);
    if (!set(conf, "bootstrap.servers", bus->brokers, err) ||
        !set(conf, "client.id", bus->client_id, err) ||
        !set_all(conf, everywhere, COUNT_OF(everywhere), err) ||
        !set_all(conf, ours, count, err) ||
        !extra_set_all(conf, str_of(bus->extra), err)) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    *out = conf;
    return true;
}

bool bus_options_check(const struct bus_options *bus, struct err *err)
{
    rd_kafka_conf_t *conf = NULL;

    if (!settings_new(bus, NULL, 0, &conf, err)) {
        return false;
    }
    rd_kafka_conf_destroy(conf);
    return true;
}

bool settings_client(rd_kafka_type_t type, rd_kafka_conf_t *conf,
                     rd_kafka_t **out, struct err *err)
{
    char reason[REASON_MAX];
    rd_kafka_t *rk = rd_kafka_new(type, conf, reason, sizeof reason);

    if (rk == NULL) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, ERR_INVALID, "Kafka: %s", reason);
    }
    *out = rk;
    return true;
}

/* Interceptors: librdkafka calls them for every request and answer, on its
 * brokers' threads. A JoinGroup that fails is followed by another one until a
 * SyncGroup is answered, so nothing else has to end the joining. */
#include "bus/membership.h"

#include <stdint.h>

#define NAME "membership"

/* Numbers of Kafka's protocol. */
#define API_JOIN_GROUP 11
#define API_SYNC_GROUP 14

static rd_kafka_resp_err_t on_sent(rd_kafka_t *rk, int fd, const char *broker,
                                   int32_t broker_id, int16_t api,
                                   int16_t version, int32_t number, size_t size,
                                   void *user)
{
    struct membership *m = user;

    (void)rk, (void)fd, (void)broker, (void)broker_id;
    (void)version, (void)number, (void)size;
    if (api == API_JOIN_GROUP) {
        atomic_store(&m->is_joining, true);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* librdkafka's own signature. NOLINTNEXTLINE(readability-function-size) */
static rd_kafka_resp_err_t on_answer(rd_kafka_t *rk, int fd, const char *broker,
                                     int32_t broker_id, int16_t api,
                                     int16_t version, int32_t number,
                                     size_t size, int64_t took_us,
                                     rd_kafka_resp_err_t code, void *user)
{
    struct membership *m = user;

    (void)rk, (void)fd, (void)broker, (void)broker_id, (void)version;
    (void)number, (void)size, (void)took_us;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && atomic_load(&m->is_away)) {
        atomic_store(&m->is_away, false);
    }
    if (api == API_SYNC_GROUP) {
        atomic_store(&m->is_joining, false);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf,
                                  void *user, char *reason, size_t size)
{
    (void)conf, (void)reason, (void)size;
    (void)rd_kafka_interceptor_add_on_request_sent(rk, NAME, on_sent, user);
    return rd_kafka_interceptor_add_on_response_received(rk, NAME, on_answer,
                                                         user);
}

void membership_watch(rd_kafka_conf_t *conf, struct membership *m)
{
    atomic_init(&m->is_joining, false);
    atomic_init(&m->is_away, false);
    (void)rd_kafka_conf_interceptor_add_on_new(conf, NAME, on_new, m);
}

bool membership_is_joining(const struct membership *m)
{
    return atomic_load(&m->is_joining);
}

void membership_away(struct membership *m)
{
    atomic_store(&m->is_away, true);
}

bool membership_is_away(const struct membership *m)
{
    return atomic_load(&m->is_away);
}

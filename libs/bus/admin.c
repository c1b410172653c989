/* One request after the other, none longer than the deadline. */
#include "bus/admin.h"

#include "base/clock.h"

int admin_left_ms(int64_t deadline_us)
{
    int64_t left = (deadline_us - clock_steady_us()) / US_PER_MS;

    return left > 1 ? (int)left : 1;
}

bool admin_open(const struct bus_options *bus, unsigned wait_ms,
                struct admin *a, struct err *err)
{
    rd_kafka_conf_t *conf = NULL;
    char reason[ADMIN_REASON_MAX];

    a->deadline_us = clock_steady_us() + (int64_t)wait_ms * US_PER_MS;
    if (!settings_new(bus, NULL, 0, &conf, err) ||
        !settings_client(RD_KAFKA_PRODUCER, conf, &a->rk, err)) {
        return false;
    }
    a->queue = rd_kafka_queue_new(a->rk);
    a->options = rd_kafka_AdminOptions_new(a->rk, RD_KAFKA_ADMIN_OP_ANY);
    (void)rd_kafka_AdminOptions_set_request_timeout(a->options, (int)wait_ms,
                                                    reason, sizeof reason);
    return true;
}

void admin_close(struct admin *a)
{
    if (a->options != NULL) {
        rd_kafka_AdminOptions_destroy(a->options);
    }
    if (a->queue != NULL) {
        rd_kafka_queue_destroy(a->queue);
    }
    if (a->rk != NULL) {
        rd_kafka_destroy(a->rk);
    }
}

bool admin_metadata(const struct admin *a, const struct rd_kafka_metadata **out,
                    struct err *err)
{
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(a->rk, 1, NULL, out, admin_left_ms(a->deadline_us));

    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           err_set(err, ERR_UNAVAILABLE, "Kafka: %s", rd_kafka_err2str(code));
}

rd_kafka_event_t *admin_answer(const struct admin *a, const char *what,
                               struct err *err)
{
    rd_kafka_event_t *event =
        rd_kafka_queue_poll(a->queue, admin_left_ms(a->deadline_us));

    if (event == NULL) {
        (void)err_set(err, ERR_UNAVAILABLE, "%s: no answer in time", what);
    } else if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)err_set(err, ERR_UNAVAILABLE, "%s: %s", what,
                      rd_kafka_event_error_string(event));
        rd_kafka_event_destroy(event);
        event = NULL;
    }
    return event;
}

/* A client for questions and orders about topics: each is asked, and waited
 * for until one deadline for all. Inside libs/bus only. */
#ifndef PORTER_BUS_ADMIN_H
#define PORTER_BUS_ADMIN_H

#include "bus/settings.h"

#include "base/err.h"
#include "base/macros.h"

#define ADMIN_REASON_MAX 256

struct admin {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue; /* Where answers come. */
    rd_kafka_AdminOptions_t *options;
    int64_t deadline_us; /* Steady clock. */
};

/* Closed by admin_close also when it fails; *a is zeros before. */
MUST_USE bool admin_open(const struct bus_options *bus, unsigned wait_ms,
                         struct admin *a, struct err *err);
void admin_close(struct admin *a);

/* What is left until then, in whole milliseconds: at least one. */
int admin_left_ms(int64_t deadline_us);

/* All topics and brokers, to be destroyed by rd_kafka_metadata_destroy. */
MUST_USE bool admin_metadata(const struct admin *a,
                             const struct rd_kafka_metadata **out,
                             struct err *err);

/* The answer to what was asked last, to be destroyed by
 * rd_kafka_event_destroy; NULL with the error, which begins with `what`. */
MUST_USE rd_kafka_event_t *admin_answer(const struct admin *a, const char *what,
                                        struct err *err);

#endif

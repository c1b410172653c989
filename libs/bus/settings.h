/* From bus_options to librdkafka's configuration. Inside libs/bus only. */
#ifndef PORTER_BUS_SETTINGS_H
#define PORTER_BUS_SETTINGS_H

#include "bus/record.h"

#include "base/err.h"
#include "base/macros.h"

#include <librdkafka/rdkafka.h>

struct property {
    const char *name;
    const char *value;
};

/* Our properties, what every client needs, and `extra` on top. The caller
 * gives *out to rd_kafka_new or destroys it. ERR_INVALID names the faulty part
 * of `extra`, never its value. */
MUST_USE bool settings_new(const struct bus_options *bus,
                           const struct property *ours, size_t count,
                           rd_kafka_conf_t **out, struct err *err);

/* A client of these settings, which it takes in any case. */
MUST_USE bool settings_client(rd_kafka_type_t type, rd_kafka_conf_t *conf,
                              rd_kafka_t **out, struct err *err);

#endif

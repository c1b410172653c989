/* A Kafka record, and how to reach the brokers. */
#ifndef PORTER_BUS_RECORD_H
#define PORTER_BUS_RECORD_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_HEADERS_MAX 16
#define RECORD_AGAIN "porter_again" /* It may have been sent before. */

struct record_header {
    struct str name; /* NUL-terminated. */
    struct str value;
};

struct record_place {
    int32_t topic; /* Index in the consumer's topic list. */
    int32_t partition;
    int64_t offset;
};

struct record {
    struct str topic; /* NUL-terminated. */
    struct str key;
    struct str value;
    int64_t at_ms; /* 0: now (when sending) */
    size_t header_count;
    struct record_header headers[RECORD_HEADERS_MAX];
    /* Consumed records only: */
    struct record_place place;
    bool is_inherited; /* An earlier owner of the partition may have had it. */
    bool is_cut; /* Headers after the RECORD_HEADERS_MAXth are not here. */
};

/* Settings shared by producer, consumer and admin. `extra` is a comma list of
 * librdkafka properties ("security.protocol=ssl,…") laid over ours; a value
 * can't hold a comma, and properties that delivery promises rest on are
 * refused. */
struct bus_options {
    const char *brokers;
    const char *client_id;
    const char *extra; /* NULL or "": none */
};

/* Are the properties known and allowed? ERR_INVALID names the faulty one. */
MUST_USE bool bus_options_check(const struct bus_options *bus, struct err *err);

#endif

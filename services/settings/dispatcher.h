/* The dispatcher's variables. */
#ifndef PORTER_SETTINGS_DISPATCHER_H
#define PORTER_SETTINGS_DISPATCHER_H

#include "settings/common.h"

#include "base/err.h"
#include "base/macros.h"

struct dispatcher_settings {
    struct common_settings common;
    struct kafka_settings kafka;
    struct private_settings private;
    struct signing_settings signing;
    struct otlp_settings otlp;
    char *kafka_group;
    uint64_t workers;
    uint64_t ledger_window_ms;
    uint64_t in_flight_max;
    uint64_t in_flight_bytes;
    uint64_t lane_window;
    uint64_t lane_queue;
    uint64_t body_max;    /* Bytes. */
    char *retry_schedule; /* "5s,30s,…": read by the dispatcher */
    uint64_t max_age_ms;  /* 0: any */
    uint64_t connect_timeout_ms;
    uint64_t attempt_timeout_ms;
    uint64_t lease_ms;
    uint64_t probe_wait_ms;
    uint64_t probe_wait_max_ms;
    uint64_t held_rate; /* Deliveries per second and webhook. */
    uint64_t disable_after_ms;
    char *egress_ca_file; /* "": the system's */
    bool egress_http2;
    char *egress_proxy; /* "": none */
};

extern const struct config_table dispatcher_settings_table;

/* Read the environment; see config_load. */
MUST_USE bool dispatcher_settings_load(struct dispatcher_settings *out,
                                       const struct config_more *more,
                                       struct err *err);
void dispatcher_settings_free(struct dispatcher_settings *s);

#endif

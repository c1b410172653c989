/* The gateway's variables. */
#ifndef PORTER_SETTINGS_GATEWAY_H
#define PORTER_SETTINGS_GATEWAY_H

#include "settings/common.h"

#include "base/err.h"
#include "base/macros.h"

struct gateway_settings {
    struct common_settings common;
    struct kafka_settings kafka;
    struct private_settings private;
    struct signing_settings signing;
    struct otlp_settings otlp;
    char *redis_url;
    char *https_address;
    uint64_t https_port;
    uint64_t plain_port; /* 0: no plain listener */
    char *tls_certificate;
    char *tls_key;
    uint64_t http_threads;
    uint64_t http_body_max;
    uint64_t http_keep_alive_ms;
    uint64_t http_request_ms;
    uint64_t in_flight_max;     /* Requests under way, */
    uint64_t in_flight_key_max; /* and of one key. */
    uint64_t unknown_keys;      /* Of one address in a minute; 0: any number */
    char *egress_proxy;         /* "": none */
    uint64_t webhook_name_wait_ms; /* 0: names are not looked up */
    char *trusted_proxies;         /* For address_list_read_proxies; "": none */
    uint64_t drain_ms;
    bool relay;                   /* false: another program moves the outbox */
    uint64_t retention_events_ms; /* 0: for ever; so the next four */
    uint64_t retention_deliveries_ms;
    uint64_t retention_attempts_ms;
    uint64_t retention_stats_ms;
    uint64_t retention_audit_ms;
    uint64_t relay_rest_ms;
    char *public_url; /* "": problem types are relative */
};

extern const struct config_table gateway_settings_table;

/* Read the environment; see config_load. */
MUST_USE bool gateway_settings_load(struct gateway_settings *out,
                                    const struct config_more *more,
                                    struct err *err);
void gateway_settings_free(struct gateway_settings *s);

#endif

/* The dispatcher's table of variables. */
#include "settings/dispatcher.h"

#include "settings/all.h"

#define AT(field) offsetof(struct dispatcher_settings, field)

/* clang-format off */
static const struct config_row rows[] = {
    ROWS_COMMON(struct dispatcher_settings, CONFIG_REQUIRED),
    ROWS_KAFKA(struct dispatcher_settings),
    ROWS_SIGNING(struct dispatcher_settings),
    {"PORTER_KAFKA_GROUP", CONFIG_TEXT, AT(kafka_group), 0, "porter-dispatcher", 1, 200,
     "Consumer groups that all dispatchers share, one a topic: this, a dot, the topic.", NULL},
    ROWS_PRIVATE(struct dispatcher_settings, "PORTER_DISPATCHER_PRIVATE_PORT", "9091"),
    {"PORTER_WORKERS", CONFIG_UINT, AT(workers), 0, "2", 1, 64,
     "Threads that send webhooks; about one per processor.", NULL},
    {"PORTER_LEDGER_WINDOW", CONFIG_MS, AT(ledger_window_ms), 0, "50ms", 1, 10000,
     "How long delivery rows wait to be written together, while their sends are under way.", NULL},
    {"PORTER_IN_FLIGHT_MAX", CONFIG_UINT, AT(in_flight_max), 0, "10000", 100, 1000000,
     "Deliveries in memory before Kafka is paused.", NULL},
    {"PORTER_IN_FLIGHT_BYTES", CONFIG_UINT, AT(in_flight_bytes), 0, "268435456", 1048576, 68719476736,
     "Bytes of their bodies before it is, at least twice PORTER_WEBHOOK_BODY_MAX; those of an event "
     "count once, whatever number of webhooks gets it.", NULL},
    {"PORTER_LANE_WINDOW", CONFIG_UINT, AT(lane_window), 0, "64", 1, 1000,
     "Requests that one endpoint gets at the same time, at most (and never more than half of its "
     "worker's 100).", NULL},
    {"PORTER_LANE_QUEUE", CONFIG_UINT, AT(lane_queue), 0, "1000", 1, 100000,
     "Deliveries that wait in memory for one endpoint (8 when it takes longer than a second to "
     "answer); more wait in PostgreSQL.", NULL},
    {"PORTER_RETRY_SCHEDULE", CONFIG_TEXT, AT(retry_schedule), 0,
     "5s,30s,2m,10m,30m,1h,3h,6h,12h,24h,24h", 2, 1024,
     "Pauses before the second and later attempts, separated by commas; after the last the "
     "delivery has failed.", NULL},
    {"PORTER_DELIVERY_MAX_AGE", CONFIG_MS, AT(max_age_ms), 0, "0", 0, 7776000000,
     "How old an event may be to be tried again, where its webhook does not say it; 0: as old as it likes.", NULL},
    {"PORTER_WEBHOOK_BODY_MAX", CONFIG_UINT, AT(body_max), 0, "8388608", 1024, 67108864,
     "Bytes of an event's body, at most; a larger one is not sent: its deliveries fail (`event_too_large`).", NULL},
    {"PORTER_CONNECT_TIMEOUT", CONFIG_MS, AT(connect_timeout_ms), 0, "5s", 100, 60000,
     "How long connecting to an endpoint may take.", NULL},
    {"PORTER_ATTEMPT_TIMEOUT", CONFIG_MS, AT(attempt_timeout_ms), 0, "15s", 100, 120000,
     "How long a whole attempt may take.", NULL},
    {"PORTER_LEASE", CONFIG_MS, AT(lease_ms), 0, "60s", 1000, 3600000,
     "How long a delivery belongs to its dispatcher; at least twice what an attempt may take.", NULL},
    {"PORTER_PROBE_WAIT", CONFIG_MS, AT(probe_wait_ms), 0, "30s", 100, 3600000,
     "How long an endpoint that only fails is left alone before a held event is tried.", NULL},
    {"PORTER_PROBE_WAIT_MAX", CONFIG_MS, AT(probe_wait_max_ms), 0, "15m", 100, 86400000,
     "What that wait grows to, doubling with each failure.", NULL},
    {"PORTER_HELD_RATE", CONFIG_UINT, AT(held_rate), 0, "200", 1, 100000,
     "Held events a second that one endpoint gets when it is back, and deliveries of a replay.", NULL},
    {"PORTER_DISABLE_AFTER", CONFIG_MS, AT(disable_after_ms), 0, "5d", 1000, 7776000000,
     "How long an endpoint may do nothing but fail (at least 20 times) before its webhook is "
     "disabled.", NULL},
    {"PORTER_EGRESS_CA_FILE", CONFIG_TEXT, AT(egress_ca_file), 0, "", 0, SETTINGS_TEXT_MAX,
     "PEM file of the authorities that endpoints' certificates are checked against; the system's "
     "without it.", NULL},
    {"PORTER_EGRESS_HTTP2", CONFIG_BOOL, AT(egress_http2), 0, "true", 0, 0,
     "Whether endpoints that offer HTTP/2 are spoken to by it, many requests on one connection.", NULL},
    ROW_EGRESS_PROXY(struct dispatcher_settings),
    ROWS_OTLP(struct dispatcher_settings),
};
/* clang-format on */

const struct config_table dispatcher_settings_table = {"dispatcher", rows,
                                                       COUNT_OF(rows)};

bool dispatcher_settings_load(struct dispatcher_settings *out,
                              const struct config_more *more, struct err *err)
{
    return config_load(&dispatcher_settings_table, out, settings_tables, more,
                       err);
}

void dispatcher_settings_free(struct dispatcher_settings *s)
{
    config_free(&dispatcher_settings_table, s);
}

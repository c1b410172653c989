/* The gateway's table of variables. */
#include "settings/gateway.h"

#include "settings/all.h"

#define AT(field) offsetof(struct gateway_settings, field)

/* clang-format off */
static const struct config_row rows[] = {
    ROWS_COMMON(struct gateway_settings, CONFIG_REQUIRED),
    ROWS_KAFKA(struct gateway_settings),
    ROWS_SIGNING(struct gateway_settings),
    {"PORTER_REDIS_URL", CONFIG_TEXT, AT(redis_url), CONFIG_SECRET, "redis://127.0.0.1:6379",
     1, SETTINGS_TEXT_MAX, "Redis for rate limits and cached keys; it may lose everything.", NULL},
    {"PORTER_HTTPS_ADDRESS", CONFIG_TEXT, AT(https_address), 0, "0.0.0.0", 1, 255,
     "Address of the public HTTPS listener.", NULL},
    {"PORTER_HTTPS_PORT", CONFIG_UINT, AT(https_port), 0, "8443", 1, 65535,
     "Port of the public HTTPS listener.", NULL},
    {"PORTER_PLAIN_PORT", CONFIG_UINT, AT(plain_port), 0, "8080", 0, 65535,
     "Port that refuses plain HTTP and revokes keys seen there; 0 opens none.", NULL},
    ROWS_PRIVATE(struct gateway_settings, "PORTER_GATEWAY_PRIVATE_PORT", "9090"),
    {"PORTER_TLS_CERTIFICATE", CONFIG_TEXT, AT(tls_certificate), CONFIG_REQUIRED, NULL,
     1, SETTINGS_TEXT_MAX, "Path of the PEM certificate chain; read again on SIGHUP.", NULL},
    {"PORTER_TLS_KEY", CONFIG_TEXT, AT(tls_key), CONFIG_REQUIRED, NULL, 1, SETTINGS_TEXT_MAX,
     "Path of the certificate's PEM key; read again on SIGHUP.", NULL},
    {"PORTER_HTTP_THREADS", CONFIG_UINT, AT(http_threads), 0, "4096", 4, 16384,
     "Connections served at the same time, one thread each.", NULL},
    {"PORTER_HTTP_BODY_MAX", CONFIG_BYTES, AT(http_body_max), 0, "1MiB", 1024, 16777216,
     "Largest request body that is read.", NULL},
    {"PORTER_HTTP_KEEP_ALIVE", CONFIG_MS, AT(http_keep_alive_ms), 0, "30s", 100, 600000,
     "How long an idle connection is kept; a tenth of it when threads are scarce.", NULL},
    {"PORTER_HTTP_REQUEST", CONFIG_MS, AT(http_request_ms), 0, "10s", 100, 600000,
     "How long a client may take to send a request.", NULL},
    {"PORTER_IN_FLIGHT_MAX", CONFIG_UINT, AT(in_flight_max), 0, "1024", 1, 65536,
     "Requests worked on at the same time. At three quarters of it reads are refused, at all of it writes; evacuations never.",
     NULL},
    {"PORTER_IN_FLIGHT_KEY_MAX", CONFIG_UINT, AT(in_flight_key_max), 0, "256", 1, 65536,
     "The same of one API key.", NULL},
    {"PORTER_UNKNOWN_KEYS", CONFIG_UINT, AT(unknown_keys), 0, "60", 0, 1000000,
     "Unknown API keys that are looked up for one client address in a minute; 0 looks up all.", NULL},
    {"PORTER_WEBHOOK_NAME_WAIT", CONFIG_MS, AT(webhook_name_wait_ms), 0, "2s", 0, 10000,
     "How long saving a webhook waits for the addresses of its URL's name, to refuse one that leads inwards; 0 does not look, and nor does a gateway that knows of a `PORTER_EGRESS_PROXY`.", NULL},
    ROW_EGRESS_PROXY(struct gateway_settings),
    {"PORTER_TRUSTED_PROXIES", CONFIG_TEXT, AT(trusted_proxies), 0, "", 0, SETTINGS_TEXT_MAX,
     "Networks of the proxies in front, as CIDRs separated by commas: whom they name in `X-Forwarded-For` is taken for the caller; "
     "without it no header is read.", NULL},
    {"PORTER_DRAIN", CONFIG_MS, AT(drain_ms), 0, "10s", 0, 600000,
     "How long requests under way may take after SIGTERM; half of it, and at most 5 s, connections that are kept may be used once more.", NULL},
    {"PORTER_RETENTION_EVENTS", CONFIG_MS, AT(retention_events_ms), 0, "90d", 0, 315360000000,
     "How long the event log is kept, in whole days; 0: for ever.", NULL},
    {"PORTER_RETENTION_DELIVERIES", CONFIG_MS, AT(retention_deliveries_ms), 0, "30d", 0, 315360000000,
     "The same of deliveries, held ones too (the log says how many); what is under way or to be tried again stays.", NULL},
    {"PORTER_RETENTION_ATTEMPTS", CONFIG_MS, AT(retention_attempts_ms), 0, "7d", 0, 315360000000,
     "The same of attempts, with what was answered.", NULL},
    {"PORTER_RETENTION_STATS", CONFIG_MS, AT(retention_stats_ms), 0, "90d", 0, 315360000000,
     "The same of what is counted by the hour of webhooks' deliveries.", NULL},
    {"PORTER_RETENTION_AUDIT", CONFIG_MS, AT(retention_audit_ms), 0, "400d", 0, 315360000000,
     "The same of the audit log: who changed what.", NULL},
    {"PORTER_RELAY", CONFIG_BOOL, AT(relay), 0, "true", 0, 0,
     "Whether this process moves the outbox to Kafka; `false` everywhere leaves that to Debezium.",
     NULL},
    {"PORTER_RELAY_REST", CONFIG_MS, AT(relay_rest_ms), 0, "200ms", 10, 60000,
     "How long the relay sleeps at most when nothing wakes it.", NULL},
    {"PORTER_PUBLIC_URL", CONFIG_TEXT, AT(public_url), 0, "", 0, 2048,
     "What problem types start with, such as `https://api.example.com`; relative without it.",
     NULL},
    ROWS_OTLP(struct gateway_settings),
};
/* clang-format on */

const struct config_table gateway_settings_table = {"gateway", rows,
                                                    COUNT_OF(rows)};

bool gateway_settings_load(struct gateway_settings *out,
                           const struct config_more *more, struct err *err)
{
    return config_load(&gateway_settings_table, out, settings_tables, more,
                       err);
}

void gateway_settings_free(struct gateway_settings *s)
{
    config_free(&gateway_settings_table, s);
}

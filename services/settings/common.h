/* The variables that several programs read, each worded once.
 *
 * A program's struct holds these structs as members, and its table takes
 * their rows by naming itself: ROWS_COMMON(struct gateway_settings) describes
 * the member `common` of that struct. Text is freed by the program's
 * …_settings_free. */
#ifndef PORTER_SETTINGS_COMMON_H
#define PORTER_SETTINGS_COMMON_H

#include "config/config.h"
#include "log/log.h"

#include <stddef.h>
#include <stdint.h>

struct tracer;
struct tracer_options;

enum environment { ENVIRONMENT_PRODUCTION, ENVIRONMENT_DEVELOPMENT };

/* "production", "development" */
extern const char *const environment_names[];

struct common_settings {
    unsigned log_level; /* enum log_level */
    char *db_url;
    uint64_t db_pool;
    unsigned environment; /* enum environment */
    char *seal_keys;      /* For seal_keys_read; NULL only in porterctl. */
    char *egress_allow;   /* For guard_read; "": none */
    char *clock_file;     /* For clock_follow; "": none */
};

struct kafka_settings {
    char *brokers;
    char *extra;
};

struct private_settings {
    char *address;
    uint64_t port;
};

struct signing_settings {
    char *keys_file; /* "": no asymmetric signatures */
};

struct otlp_settings {
    char *endpoint; /* "": no traces */
    char *headers;
    char *sample;
    char *ca_file; /* "": the system's */
};

#define SETTINGS_TEXT_MAX 4096

/* Follow the clock's file, if one is named: a fault outside development, or
 * when it can't be. For a judge; may be called again. */
void common_settings_clock(const struct common_settings *s,
                           struct config_faults *faults);

/* Are the texts what libs/trace can work with? For a judge. */
void common_settings_otlp(const struct otlp_settings *s,
                          struct config_faults *faults);

/* Open the tracer of a program that says in `ours` who it is and where it
 * counts (service, count, user); the log is told of a collector that is away.
 */
MUST_USE bool common_settings_tracer(const struct otlp_settings *s,
                                     const struct tracer_options *ours,
                                     struct tracer **out, struct err *err);

/* clang-format off */
#define ROWS_COMMON(type, seal_flags)                                                              \
    {"PORTER_LOG_LEVEL", CONFIG_WORD, offsetof(type, common.log_level), 0, "info", 0, 0,           \
     "The lowest level of log lines that are written.", log_level_names},                          \
    {"PORTER_DB_URL", CONFIG_TEXT, offsetof(type, common.db_url),                                  \
     CONFIG_REQUIRED | CONFIG_SECRET, NULL, 1, SETTINGS_TEXT_MAX,                                  \
     "PostgreSQL as a libpq URI or connection string.", NULL},                                     \
    {"PORTER_DB_POOL", CONFIG_UINT, offsetof(type, common.db_pool), 0, "8", 1, 64,                 \
     "Connections to PostgreSQL that one process shares among its threads.", NULL},                \
    {"PORTER_ENVIRONMENT", CONFIG_WORD, offsetof(type, common.environment), 0, "production", 0, 0, \
     "`development` allows what is safe on one machine only, such as webhooks to plain-HTTP "      \
     "loopback addresses.", environment_names},                                                    \
    {"PORTER_SEAL_KEYS", CONFIG_TEXT, offsetof(type, common.seal_keys),                            \
     (seal_flags) | CONFIG_SECRET, NULL, 1, SETTINGS_TEXT_MAX,                                     \
     "Keys that webhook secrets are encrypted with, as `id:base64-of-32-bytes` separated by "      \
     "commas; the first encrypts, all decrypt.", NULL},                                            \
    {"PORTER_EGRESS_ALLOW", CONFIG_TEXT, offsetof(type, common.egress_allow), 0, "",               \
     0, SETTINGS_TEXT_MAX, "Networks that webhooks may reach though they are not public, as "      \
     "CIDRs separated by commas; the same for all programs.", NULL},                               \
    {"PORTER_CLOCK_FILE", CONFIG_TEXT, offsetof(type, common.clock_file), 0, "",                   \
     0, SETTINGS_TEXT_MAX, "For tests, and refused outside `development`: a file of 8 bytes, by "  \
     "how many microseconds all clocks that rule schedules are ahead.", NULL}

#define ROWS_SIGNING(type)                                                                         \
    {"PORTER_SIGNING_KEYS_FILE", CONFIG_TEXT, offsetof(type, signing.keys_file), 0, "",            \
     0, SETTINGS_TEXT_MAX, "PEM file of up to 4 Ed25519 keys. Gateways publish all of them; the "  \
     "first, which must be a private key for dispatchers, signs every webhook as `v1a` too.", NULL}

#define ROW_EGRESS_PROXY(type)                                                                     \
    {"PORTER_EGRESS_PROXY", CONFIG_TEXT, offsetof(type, egress_proxy), CONFIG_SECRET, "",          \
     0, SETTINGS_TEXT_MAX, "URL of a proxy that all webhooks go through (`http`, `https` or "      \
     "`socks5h`); it takes the names, and the judging of their addresses, over.", NULL}

#define ROWS_KAFKA(type)                                                                           \
    {"PORTER_KAFKA_BROKERS", CONFIG_TEXT, offsetof(type, kafka.brokers), 0, "127.0.0.1:9092",      \
     1, SETTINGS_TEXT_MAX, "Kafka brokers to start from, as `host:port` separated by commas.",     \
     NULL},                                                                                        \
    {"PORTER_KAFKA_EXTRA", CONFIG_TEXT, offsetof(type, kafka.extra), CONFIG_SECRET, "",            \
     0, SETTINGS_TEXT_MAX, "librdkafka properties laid over ours, as `name=value` separated by "   \
     "commas (for example `security.protocol=ssl`).", NULL}

#define ROWS_PRIVATE(type, port_name, port_default)                                                \
    {"PORTER_PRIVATE_ADDRESS", CONFIG_TEXT, offsetof(type, private.address), 0, "127.0.0.1",       \
     1, 255, "Where health and metrics are served; never a public address.", NULL},                \
    {port_name, CONFIG_UINT, offsetof(type, private.port), 0, port_default, 1, 65535,              \
     "Port of this program's health and metrics.", NULL}

#define ROWS_OTLP(type)                                                                            \
    {"PORTER_OTLP_ENDPOINT", CONFIG_TEXT, offsetof(type, otlp.endpoint), 0, "",                    \
     0, SETTINGS_TEXT_MAX, "OpenTelemetry collector that traces are sent to by OTLP over HTTP, "   \
     "without `/v1/traces`, for example `http://127.0.0.1:4318`; no traces without it.", NULL},    \
    {"PORTER_OTLP_HEADERS", CONFIG_TEXT, offsetof(type, otlp.headers), CONFIG_SECRET, "",          \
     0, SETTINGS_TEXT_MAX, "Headers for the collector, as `name=value` separated by commas, "      \
     "values percent-encoded where they must be.", NULL},                                          \
    {"PORTER_OTLP_SAMPLE", CONFIG_TEXT, offsetof(type, otlp.sample), 0, "1", 1, 32,                \
     "How many of the traces that begin here are recorded, from 0 to 1; one that a caller began "  \
     "is recorded when he says so.", NULL},                                                         \
    {"PORTER_OTLP_CA_FILE", CONFIG_TEXT, offsetof(type, otlp.ca_file), 0, "", 0, SETTINGS_TEXT_MAX, \
     "PEM file of the authorities that the collector's certificate is checked against; the "        \
     "system's without it.", NULL}
/* clang-format on */

#endif

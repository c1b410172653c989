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

#define SETTINGS_TEXT_MAX 4096

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
     "CIDRs separated by commas; the same for all programs.", NULL}

#define ROWS_SIGNING(type)                                                                         \
    {"PORTER_SIGNING_KEYS_FILE", CONFIG_TEXT, offsetof(type, signing.keys_file), 0, "",            \
     0, SETTINGS_TEXT_MAX, "PEM file of up to 4 Ed25519 keys. Gateways publish all of them; the "  \
     "first, which must be a private key for dispatchers, signs every webhook as `v1a` too.", NULL}

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
/* clang-format on */

#endif

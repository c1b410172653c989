/* One JSON line per fact, on standard error.
 *
 * Services log; libraries do not. An event's name is `thing.happened`; its
 * fields are ids and numbers, never payloads or secrets. Thread-safe: a line
 * is one write(2). Below the level nothing is formatted.
 *
 *     log_info("gateway.started", LOG_TEXT("address", address),
 *              LOG_INT("port", port));
 */
#ifndef PORTER_LOG_LOG_H
#define PORTER_LOG_LOG_H

#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_LEVEL_COUNT };

enum log_kind { LOG_KIND_STR, LOG_KIND_INT, LOG_KIND_REAL, LOG_KIND_BOOL };

struct log_field {
    const char *key;
    enum log_kind kind;
    struct str text;
    int64_t number;
    double real;
};

#define LOG_STR(k, v)                                                          \
    ((struct log_field){.key = (k), .kind = LOG_KIND_STR, .text = (v)})
#define LOG_TEXT(k, c) LOG_STR((k), str_of(c))
#define LOG_INT(k, n)                                                          \
    ((struct log_field){                                                       \
        .key = (k), .kind = LOG_KIND_INT, .number = (int64_t)(n)})
#define LOG_REAL(k, x)                                                         \
    ((struct log_field){.key = (k), .kind = LOG_KIND_REAL, .real = (x)})
#define LOG_BOOL(k, b)                                                         \
    ((struct log_field){                                                       \
        .key = (k), .kind = LOG_KIND_BOOL, .number = (b) ? 1 : 0})
#define LOG_ID(k, id_kind, id) LOG_TEXT((k), id_text((id_kind), (id)).data)

/* Name the service and the lowest level that is written; call once in main,
 * before threads. level is a word of log_level_names. */
void log_open(const char *service, enum log_level level);

/* "debug", "info", "warn", "error": for configuration tables. */
extern const char *const log_level_names[LOG_LEVEL_COUNT + 1];

void log_write(enum log_level level, const char *event,
               const struct log_field *fields, size_t count);

/* An error with its code and sentence, plus fields. */
void log_err(enum log_level level, const char *event, const struct err *err,
             const struct log_field *fields, size_t count);

#define LOG_FIELDS(...)                                                        \
    ((const struct log_field[]){__VA_ARGS__}),                                 \
        (sizeof((const struct log_field[]){__VA_ARGS__}) /                     \
         sizeof(struct log_field))
#define log_info(event, ...)                                                   \
    log_write(LOG_INFO, (event), LOG_FIELDS(__VA_ARGS__))
#define log_warn(event, ...)                                                   \
    log_write(LOG_WARN, (event), LOG_FIELDS(__VA_ARGS__))
#define log_debug(event, ...)                                                  \
    log_write(LOG_DEBUG, (event), LOG_FIELDS(__VA_ARGS__))

/* The last line of a service that can't go on, or of work that stopped. */
void log_fail(const char *event, const struct err *err);

#endif

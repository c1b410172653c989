/* Log lines: made on the caller's stack, written with one write(2).
 *
 * A line is at most LINE_MAX_BYTES, so that it is also one atomic write when
 * standard error is a pipe (PIPE_BUF is 4096). A text that does not fit is
 * cut, a field that does not fit is left out, and the line says "cut":true;
 * it is well-formed JSON in any case. */
#include "log/log.h"

#include "base/clock.h"
#include "base/rfc3339.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_MAX_BYTES 3584
#define TEXT_MAX_BYTES 1024 /* Of one field, escaped. */
#define SERVICE_MAX 32
#define FIELD_COUNT_MAX 32

const char *const log_level_names[LOG_LEVEL_COUNT + 1] = {
    "debug", "info", "warn", "error", NULL,
};

/* Written once by log_open, before threads; only read afterwards. */
static char service_name[SERVICE_MAX + 1] = "porter";
static enum log_level lowest = LOG_INFO;

static const char tail[] = ",\"cut\":true}\n";

struct line {
    size_t len;
    bool is_cut;
    char data[LINE_MAX_BYTES + sizeof tail];
};

void log_open(const char *service, enum log_level level)
{
    assert(service != NULL && strlen(service) <= SERVICE_MAX);
    assert(level < LOG_LEVEL_COUNT);
    memcpy(service_name, service, strlen(service) + 1);
    lowest = level;
}

/* All of it or nothing. */
static bool add_bytes(struct line *l, const char *data, size_t len)
{
    if (len > LINE_MAX_BYTES - l->len) {
        l->is_cut = true;
        return false;
    }
    memcpy(l->data + l->len, data, len);
    l->len += len;
    return true;
}

static bool add_cstr(struct line *l, const char *c)
{
    return add_bytes(l, c, strlen(c));
}

static bool add_format(struct line *l, const char *format, ...)
    PRINTF_LIKE(2, 3);

static bool add_format(struct line *l, const char *format, ...)
{
    char text[64];
    va_list args;
    int len = 0;

    va_start(args, format);
    len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert(len >= 0 && (size_t)len < sizeof text);
    return add_bytes(l, text, (size_t)len);
}

/* Bytes of the well-formed UTF-8 character at the start of s, 0 if none. */
static size_t utf8_len(struct str s)
{
    size_t longest = MIN_OF(s.len, (size_t)4);

    for (size_t n = 1; n <= longest; n++) {
        if (str_is_utf8((struct str){s.data, n})) {
            return n;
        }
    }
    return 0;
}

/* One character as JSON wants it; *used is how many bytes of s it took. */
static bool add_char(struct line *l, struct str s, size_t *used)
{
    unsigned char c = (unsigned char)s.data[0];
    size_t len = c < 0x80 ? 1 : utf8_len(s);

    *used = len > 0 ? len : 1;
    if (len == 0) {
        return add_cstr(l, "\xEF\xBF\xBD"); /* U+FFFD: it was no text. */
    }
    if (c == '"' || c == '\\') {
        return add_format(l, "\\%c", c);
    }
    if (c == '\n') {
        return add_cstr(l, "\\n");
    }
    if (c < 0x20 || c == 0x7F) {
        return add_format(l, "\\u%04x", (unsigned)c);
    }
    return add_bytes(l, s.data, len);
}

static bool add_text(struct line *l, struct str s)
{
    size_t room = MIN_OF((size_t)LINE_MAX_BYTES, l->len + TEXT_MAX_BYTES);
    size_t used = 0;

    if (!add_cstr(l, "\"")) {
        return false;
    }
    for (size_t i = 0; i < s.len; i += used) {
        if (l->len + 8 > room) { /* The longest escape, and the quote. */
            l->is_cut = true;
            break;
        }
        (void)add_char(l, (struct str){s.data + i, s.len - i}, &used);
    }
    return add_cstr(l, "\"");
}

static bool add_real(struct line *l, double x)
{
    return isfinite(x) ? add_format(l, "%.9g", x) : add_cstr(l, "null");
}

static bool add_value(struct line *l, const struct log_field *f)
{
    switch (f->kind) {
    case LOG_KIND_STR:
        return f->text.data != NULL ? add_text(l, f->text)
                                    : add_cstr(l, "null");
    case LOG_KIND_INT:
        return add_format(l, "%lld", (long long)f->number);
    case LOG_KIND_REAL:
        return add_real(l, f->real);
    case LOG_KIND_BOOL:
        break;
    }
    return add_cstr(l, f->number != 0 ? "true" : "false");
}

/* `,"key":value`, or nothing when it does not fit. */
static void add_field(struct line *l, const struct log_field *f)
{
    size_t before = l->len;

    if (!add_cstr(l, ",") || !add_text(l, str_of(f->key)) ||
        !add_cstr(l, ":") || !add_value(l, f)) {
        l->len = before;
    }
}

static void add_fields(struct line *l, const struct log_field *fields,
                       size_t count)
{
    assert(count <= FIELD_COUNT_MAX);
    for (size_t i = 0; i < count; i++) {
        add_field(l, &fields[i]);
    }
}

static void line_start(struct line *l, enum log_level level, const char *event)
{
    char now[RFC3339_LEN + 1];

    l->len = 0;
    l->is_cut = false;
    rfc3339_write(clock_wall_us(), now);
    (void)add_cstr(l, "{\"time\":\"");
    (void)add_cstr(l, now);
    (void)add_cstr(l, "\"");
    add_fields(l, LOG_FIELDS(LOG_TEXT("level", log_level_names[level]),
                             LOG_TEXT("service", service_name),
                             LOG_TEXT("event", event)));
}

/* A reader that is gone or slow must not stop a service: nothing is retried
 * but an interrupted call. */
static void line_write(struct line *l)
{
    const char *end = l->is_cut ? tail : "}\n";
    size_t len = strlen(end);
    ssize_t n = 0;

    memcpy(l->data + l->len, end, len);
    do {
        n = write(STDERR_FILENO, l->data, l->len + len);
    } while (n < 0 && errno == EINTR);
}

void log_write(enum log_level level, const char *event,
               const struct log_field *fields, size_t count)
{
    struct line l;

    assert(level < LOG_LEVEL_COUNT && event != NULL);
    if (level < lowest) {
        return;
    }
    line_start(&l, level, event);
    add_fields(&l, fields, count);
    line_write(&l);
}

void log_err(enum log_level level, const char *event, const struct err *err,
             const struct log_field *fields, size_t count)
{
    struct line l;

    assert(level < LOG_LEVEL_COUNT && event != NULL && err != NULL);
    if (level < lowest) {
        return;
    }
    line_start(&l, level, event);
    add_fields(&l, fields, count);
    add_fields(&l, LOG_FIELDS(LOG_TEXT("code", err_code_name(err->code)),
                              LOG_TEXT("error", err->text)));
    line_write(&l);
}

void log_fail(const char *event, const struct err *err)
{
    log_err(LOG_ERROR, event, err, NULL, 0);
}

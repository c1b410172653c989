/* Writing: each value makes room once and is then put in place; text is copied
 * in runs, stopping only at bytes that must be escaped or checked. */
#include "json/json.h"

#include "base/clock.h"
#include "base/rfc3339.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define YEAR_0001_US (-62135596800LL * US_PER_S)
#define YEAR_10000_US (253402300800LL * US_PER_S)
#define REAL_MAX 32  /* Characters of a double with 17 digits. */
#define ESCAPE_MAX 6 /* \u001f */
#define ASCII_HIGH 0x8080808080808080ULL

enum { PLAIN = 0, CONTROL = 1, MANY = 2 }; /* Else: the letter after '\'. */

/* What to do at a byte of text: nothing, \u00xx, check UTF-8, or \letter. */
#define CONTROL_8                                                              \
    CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL
static const unsigned char escapes[128] = {
    CONTROL_8, 'b',     't',       'n',       CONTROL,     'f',          'r',
    CONTROL,   CONTROL, CONTROL_8, CONTROL_8, ['"'] = '"', ['\\'] = '\\'};

static unsigned char escape_of(unsigned char c)
{
    return c < 128 ? escapes[c] : MANY;
}

/* Room for `more` bytes; they are put at the pointer, then kept. */
static char *room(struct buf *b, size_t more)
{
    buf_reserve(b, more);
    return b->data + b->len;
}

static void keep(struct buf *b, const char *end)
{
    b->len = (size_t)(end - b->data);
    b->data[b->len] = '\0';
}

static void put(struct buf *b, char c)
{
    char *p = room(b, 1);

    p[0] = c;
    keep(b, p + 1);
}

static void new_line(struct json_writer *w)
{
    size_t n = 2 * (size_t)w->depth;
    char *p = room(w->out, n + 1);

    p[0] = '\n';
    memset(p + 1, ' ', n);
    keep(w->out, p + 1 + n);
}

/* What stands between the value before and this one. */
static void next(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth > 0) {
        if (!w->first) {
            put(w->out, ',');
        }
        if (w->pretty) {
            new_line(w);
        }
    }
    w->first = false;
}

/* How many bytes from the front of s need no look of ours. */
static size_t plain_run(const unsigned char *s, size_t len)
{
    const uint64_t ones = ASCII_HIGH >> 7;
    size_t i = 0;

    /* Eight at a time: the high bit of a byte in `stop` is set when the byte
     * is below 0x20, a quote, a backslash or not ASCII. */
    for (; i + 8 <= len; i += 8) {
        uint64_t v = 0;
        uint64_t quote = 0;
        uint64_t slash = 0;

        memcpy(&v, s + i, sizeof v);
        quote = v ^ ones * '"';
        slash = v ^ ones * '\\';
        if ((((v - ones * 0x20) & ~v) | ((quote - ones) & ~quote) |
             ((slash - ones) & ~slash) | v) &
            ASCII_HIGH) {
            break;
        }
    }
    while (i < len && escape_of(s[i]) == PLAIN) {
        i++;
    }
    return i;
}

/* One character that plain_run stopped at; returns the bytes it took. */
static size_t add_special(struct buf *out, struct str s)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char c = (unsigned char)s.data[0];
    unsigned char escape = escape_of(c);
    char *p = room(out, ESCAPE_MAX);
    uint32_t point = 0;
    size_t n = 1;

    if (escape == CONTROL) {
        p[0] = '\\';
        p[1] = 'u';
        p[2] = '0';
        p[3] = '0';
        p[4] = hex[c >> 4];
        p[5] = hex[c & 15];
        keep(out, p + ESCAPE_MAX);
        return n;
    }
    if (escape != MANY) {
        p[0] = '\\';
        p[1] = (char)escape;
        keep(out, p + 2);
        return n;
    }
    n = str_utf8_next(s, &point);
    if (n == 0) {
        buf_add(out, STR("\xEF\xBF\xBD")); /* U+FFFD */
        return 1;
    }
    memcpy(p, s.data, n);
    keep(out, p + n);
    return n;
}

static void add_quoted(struct buf *out, struct str s)
{
    char *p = room(out, s.len + 2);

    *p++ = '"';
    keep(out, p);
    while (s.len > 0) {
        size_t n = plain_run((const unsigned char *)s.data, s.len);

        if (n > 0) {
            p = room(out, n + 1);
            memcpy(p, s.data, n);
            keep(out, p + n);
        } else {
            n = add_special(out, s);
        }
        s.data += n;
        s.len -= n;
    }
    put(out, '"');
}

struct json_writer json_writer(struct buf *out)
{
    assert(out != NULL);
    return (struct json_writer){.out = out, .first = true};
}

static void begin(struct json_writer *w, char c)
{
    next(w);
    put(w->out, c);
    w->depth++;
    w->first = true;
}

static void end(struct json_writer *w, char c)
{
    assert(w->depth > 0 && !w->after_key);
    w->depth--;
    if (w->pretty && !w->first) {
        new_line(w);
    }
    put(w->out, c);
    w->first = false;
}

void json_object_begin(struct json_writer *w)
{
    begin(w, '{');
}

void json_object_end(struct json_writer *w)
{
    end(w, '}');
}

void json_array_begin(struct json_writer *w)
{
    begin(w, '[');
}

void json_array_end(struct json_writer *w)
{
    end(w, ']');
}

void json_key(struct json_writer *w, struct str name)
{
    assert(!w->after_key);
    next(w);
    add_quoted(w->out, name);
    put(w->out, ':');
    if (w->pretty) {
        put(w->out, ' ');
    }
    w->after_key = true;
}

void json_add_text(struct json_writer *w, struct str s)
{
    next(w);
    add_quoted(w->out, s);
}

void json_add_int(struct json_writer *w, int64_t n)
{
    next(w);
    buf_add_i64(w->out, n);
}

void json_add_u64(struct json_writer *w, uint64_t n)
{
    next(w);
    buf_add_u64(w->out, n);
}

void json_add_double(struct json_writer *w, double x)
{
    char text[REAL_MAX];

    if (!isfinite(x)) {
        json_add_null(w);
        return;
    }
    if (x == 0 && signbit(x)) {
        json_add_raw(w, STR("-0.0")); /* "-0" would be read as a whole 0. */
        return;
    }
    /* The shorter form when it reads back as the same number. */
    (void)snprintf(text, sizeof text, "%.15g", x);
    if (strtod(text, NULL) != x) {
        (void)snprintf(text, sizeof text, "%.17g", x);
    }
    json_add_raw(w, str_of(text));
}

void json_add_bool(struct json_writer *w, bool b)
{
    json_add_raw(w, b ? STR("true") : STR("false"));
}

void json_add_null(struct json_writer *w)
{
    json_add_raw(w, STR("null"));
}

void json_add_time(struct json_writer *w, int64_t wall_us)
{
    char text[RFC3339_LEN + 3];

    if (wall_us < YEAR_0001_US || wall_us >= YEAR_10000_US) {
        json_add_null(w);
        return;
    }
    rfc3339_write(wall_us, text + 1);
    text[0] = '"';
    text[RFC3339_LEN + 1] = '"';
    json_add_raw(w, (struct str){text, RFC3339_LEN + 2});
}

void json_add_raw(struct json_writer *w, struct str json)
{
    assert(json.len > 0);
    next(w);
    buf_add(w->out, json);
}

static void add_members(struct json_writer *w, const struct json *object)
{
    const struct json *member = NULL;
    struct str name = STR_NONE;
    void *at = NULL;

    json_object_begin(w);
    while (json_next(object, &at, &name, &member)) {
        json_key(w, name);
        json_add_value(w, member);
    }
    json_object_end(w);
}

static void add_items(struct json_writer *w, const struct json *array)
{
    json_array_begin(w);
    for (size_t i = 0; i < json_count(array); i++) {
        json_add_value(w, json_at(array, i));
    }
    json_array_end(w);
}

void json_add_value(struct json_writer *w, const struct json *v)
{
    switch (json_type(v)) {
    case JSON_NULL:
        json_add_null(w);
        return;
    case JSON_BOOL:
        json_add_bool(w, json_bool(v));
        return;
    case JSON_INT:
        json_add_int(w, json_int(v));
        return;
    case JSON_REAL:
        json_add_double(w, json_double(v));
        return;
    case JSON_TEXT:
        json_add_text(w, json_text(v));
        return;
    case JSON_ARRAY:
        add_items(w, v);
        return;
    case JSON_OBJECT:
        add_members(w, v);
        return;
    }
}

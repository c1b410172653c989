/* Texts of variables -> what tracer.c works with. */
#include "trace/options.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/str.h"

#include <assert.h>
#include <stdlib.h>

#define RANDOM_BYTES 7 /* Of a trace's id, its last. */
#define RANDOM_RANGE ((uint64_t)1 << (8 * RANDOM_BYTES))

bool trace_endpoint_check(const char *endpoint, struct err *err)
{
    struct str s = str_of(endpoint);
    size_t scheme = str_starts(s, STR("https://")) ? 8 : 7;

    if (s.len == 0) {
        return true;
    }
    if (!str_starts(s, STR("https://")) && !str_starts(s, STR("http://"))) {
        return err_set(err, ERR_INVALID,
                       "must be an http:// or https:// URL, such as "
                       "http://127.0.0.1:4318");
    }
    if (s.len == scheme || s.data[scheme] == '/') {
        return err_set(err, ERR_INVALID, "names no host");
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] <= ' ' || s.data[i] > '~' || s.data[i] == '?' ||
            s.data[i] == '#') {
            return err_set(err, ERR_INVALID,
                           "must be a URL without blanks, query and fragment");
        }
    }
    return true;
}

/* Append the value without its percent-escapes; false when it holds what no
 * header may. */
static bool add_value(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.len; i++) {
        int c = (unsigned char)s.data[i];

        if (c == '%') {
            c = percent_byte(s, i);
            i += 2;
        }
        if (c < ' ' || c > '~') {
            return false;
        }
        buf_add_char(out, (char)c);
    }
    return true;
}

/* The next one as a line in `out`; false: it is none. */
static bool read_header(struct str one, struct buf *out)
{
    struct str value = str_trim(one);
    struct str name = STR_NONE;

    if (!str_has(value, '=') || !str_split(&value, '=', &name) ||
        !str_is_token(str_trim(name))) {
        return false;
    }
    buf_clear(out);
    buf_add(out, str_trim(name));
    BUF_ADD(out, ": ");
    return add_value(str_trim(value), out);
}

bool trace_headers_check(const char *headers, struct err *err)
{
    struct str rest = str_of(headers);
    struct str one = STR_NONE;
    struct buf line = BUF_EMPTY;
    size_t count = 0;
    bool ok = true;

    while (ok && str_split(&rest, ',', &one)) {
        count++;
        ok = read_header(one, &line) ||
             err_set(err, ERR_INVALID,
                     "number %zu is no name=value of a header", count);
        if (ok && count > TRACE_HEADERS_MAX) {
            ok = err_set(err, ERR_INVALID, "more than %d headers",
                         TRACE_HEADERS_MAX);
        }
    }
    buf_free(&line);
    return ok;
}

size_t trace_headers_read(const char *headers,
                          char *lines[static TRACE_HEADERS_MAX])
{
    struct str rest = str_of(headers);
    struct str one = STR_NONE;
    struct buf line = BUF_EMPTY;
    size_t count = 0;

    while (str_split(&rest, ',', &one)) {
        bool ok = read_header(one, &line);

        assert(ok && count < TRACE_HEADERS_MAX);
        (void)ok;
        lines[count++] = str_dup(buf_str(&line));
    }
    buf_free(&line);
    return count;
}

bool trace_sample_read(const char *sample, uint64_t *threshold, struct err *err)
{
    struct str s = str_of(sample);
    char *end = NULL;
    double ratio = -1;

    for (size_t i = 0; i < s.len; i++) {
        if (!str_has(STR("0123456789."), s.data[i])) {
            s.len = 0;
        }
    }
    if (s.len > 0) {
        ratio = strtod(sample, &end);
    }
    if (s.len == 0 || end != s.data + s.len || ratio < 0 || ratio > 1) {
        return err_set(err, ERR_INVALID,
                       "must be a number from 0 to 1, such as 0.05");
    }
    *threshold = (uint64_t)((1 - ratio) * (double)RANDOM_RANGE + 0.5);
    return true;
}

bool trace_is_chosen(struct id trace_id, uint64_t threshold)
{
    const size_t first = sizeof trace_id.bytes - RANDOM_BYTES;
    uint64_t random = 0;

    for (size_t i = first; i < sizeof trace_id.bytes; i++) {
        random = random << 8 | trace_id.bytes[i];
    }
    return random >= threshold;
}

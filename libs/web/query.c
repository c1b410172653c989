/* Escapes are decoded once, part by part, after the split at '&' and '='. */
#include "web/query.h"

#include "base/codec.h"

#include <assert.h>

bool percent_decode(struct str s, bool plus_is_blank, struct arena *arena,
                    struct str *out)
{
    char *text = NULL;
    size_t len = 0;

    assert(arena != NULL);
    if (!str_has(s, '%') && !(plus_is_blank && str_has(s, '+'))) {
        *out = s; /* Nothing to decode: borrowed as it stands. */
        return true;
    }
    text = arena_take(arena, s.len + 1);
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        if (c == '%') {
            int byte = percent_byte(s, i);
            if (byte < 0) {
                return false;
            }
            c = (char)byte;
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        text[len++] = c;
    }
    text[len] = '\0';
    *out = (struct str){text, len};
    return true;
}

static bool read_part(struct str part, struct arena *arena,
                      struct query_param *out, struct err *err)
{
    const char *equals = memchr(part.data, '=', part.len);
    struct str name = part;
    struct str value = STR("");

    if (equals != NULL) {
        name.len = (size_t)(equals - part.data);
        value = (struct str){equals + 1, part.len - name.len - 1};
    }
    if (!percent_decode(name, true, arena, &out->name) ||
        !percent_decode(value, true, arena, &out->value)) {
        return err_set(err, ERR_MALFORMED,
                       "The query string holds a bad percent-escape.");
    }
    if (str_has(out->name, '\0') || str_has(out->value, '\0') ||
        !str_is_utf8(out->name) || !str_is_utf8(out->value)) {
        return err_set(err, ERR_MALFORMED,
                       "The query string is not UTF-8 text without NUL.");
    }
    return true;
}

bool query_read(struct str raw, struct arena *arena, struct query *out,
                struct err *err)
{
    struct str part = STR_NONE;
    size_t count = 0;

    assert(arena != NULL);
    while (str_split(&raw, '&', &part)) {
        if (part.len == 0) {
            continue;
        }
        if (count == QUERY_PARAMS_MAX) {
            return err_set(err, ERR_MALFORMED,
                           "The query string has more than %d parameters.",
                           QUERY_PARAMS_MAX);
        }
        if (!read_part(part, arena, &out->params[count], err)) {
            return false;
        }
        count++;
    }
    out->count = count;
    return true;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

void query_escape(struct buf *out, struct str value)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if (is_unreserved((char)c)) {
            buf_add_char(out, (char)c);
        } else {
            buf_add_char(out, '%');
            buf_add_char(out, digits[c >> 4]);
            buf_add_char(out, digits[c & 15]);
        }
    }
}

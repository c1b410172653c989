/* Looking at text. */
#include "base/str.h"

#include "base/err.h"

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool str_eq_ci(struct str a, struct str b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

char *str_dup(struct str s)
{
    char *copy = mem_new(s.len + 1);

    if (s.len > 0) {
        memcpy(copy, s.data, s.len);
    }
    copy[s.len] = '\0';
    return copy;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len &&
           (prefix.len == 0 || memcmp(s.data, prefix.data, prefix.len) == 0);
}

bool str_has(struct str s, char c)
{
    return s.len > 0 && memchr(s.data, c, s.len) != NULL;
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s.data++;
        s.len--;
    }
    while (s.len > 0 &&
           (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}

bool str_split(struct str *rest, char at, struct str *part)
{
    const char *hit = NULL;

    if (rest->len == 0) {
        return false;
    }
    hit = memchr(rest->data, at, rest->len);
    if (hit == NULL) {
        *part = *rest;
        *rest = STR_NONE;
        return true;
    }
    *part = (struct str){rest->data, (size_t)(hit - rest->data)};
    rest->len -= part->len + 1;
    rest->data = hit + 1;
    return true;
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;

    if (s.len == 0 || s.len > 20) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(unsigned char)s.data[i] - '0';

        if (digit > 9 || n > (UINT64_MAX - digit) / 10) {
            return false;
        }
        n = n * 10 + digit;
    }
    if (n > max) {
        return false;
    }
    *out = n;
    return true;
}

size_t str_utf8_next(struct str s, uint32_t *point)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)s.data;
    size_t n = 1;
    uint32_t c = p[0];

    if (c < 0x80) {
        *point = c;
        return 1;
    }
    if (c >= 0xC2 && c <= 0xDF) {
        n = 2;
        c &= 0x1F;
    } else if (c >= 0xE0 && c <= 0xEF) {
        n = 3;
        c &= 0x0F;
    } else if (c >= 0xF0 && c <= 0xF4) {
        n = 4;
        c &= 0x07;
    } else {
        return 0;
    }
    if (n > s.len) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
        c = (c << 6) | (p[i] & 0x3FU);
    }
    if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        return 0;
    }
    *point = c;
    return n;
}

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool str_is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_token_char(s.data[i])) {
            return false;
        }
    }
    return s.len > 0;
}

bool str_is_utf8(struct str s)
{
    uint32_t point = 0;

    while (s.len > 0) {
        size_t n = str_utf8_next(s, &point);

        if (n == 0) {
            return false;
        }
        s.data += n;
        s.len -= n;
    }
    return true;
}

size_t str_utf8_count(struct str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++) {
        count += ((unsigned char)s.data[i] & 0xC0) != 0x80;
    }
    return count;
}

bool str_has_control(struct str s, const char *allowed)
{
    const unsigned char *p = (const unsigned char *)s.data;

    for (size_t i = 0; i < s.len; i++) {
        if (p[i] == 0x7F ||
            (p[i] == 0xC2 && i + 1 < s.len && p[i + 1] < 0xA0)) {
            return true;
        }
        if (p[i] < 0x20 && (p[i] == 0 || strchr(allowed, p[i]) == NULL)) {
            return true;
        }
    }
    return false;
}

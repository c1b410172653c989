/* Text forms of bytes. */
#include "base/codec.h"

#include "base/random.h"

#include <assert.h>
#include <stdbool.h>

static const char std_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base62[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void hex_write(const void *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = data;

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * len] = '\0';
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int percent_byte(struct str s, size_t at)
{
    int high = s.len - at > 2 ? hex_digit(s.data[at + 1]) : -1;
    int low = high < 0 ? -1 : hex_digit(s.data[at + 2]);

    return low < 0 ? -1 : high * 16 + low;
}

static void add64(struct buf *out, const void *data, size_t len,
                  const char *alphabet, bool pad)
{
    const unsigned char *p = data;

    buf_reserve(out, (len + 2) / 3 * 4);
    for (size_t i = 0; i < len; i += 3) {
        size_t n = MIN_OF(len - i, 3);
        uint32_t bits = (uint32_t)p[i] << 16 |
                        (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                        (n > 2 ? (uint32_t)p[i + 2] : 0);

        for (size_t k = 0; k < n + 1; k++) {
            buf_add_char(out, alphabet[bits >> (18 - 6 * k) & 63]);
        }
        for (size_t k = n; pad && k < 3; k++) {
            buf_add_char(out, '=');
        }
    }
}

void base64_add(struct buf *out, const void *data, size_t len)
{
    add64(out, data, len, std_alphabet, true);
}

void base64url_add(struct buf *out, const void *data, size_t len)
{
    add64(out, data, len, url_alphabet, false);
}

static int value64(char c)
{
    const char *hit = c != '\0' ? strchr(std_alphabet, c) : NULL;

    if (hit != NULL) {
        return (int)(hit - std_alphabet);
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool base64_read(struct str s, void *out, size_t max, size_t *len)
{
    unsigned char *p = out;
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;

    if (s.len % 4 == 0) {
        for (int pad = 0; pad < 2 && s.len > 0 && s.data[s.len - 1] == '=';
             pad++) {
            s.len--;
        }
    }
    if (s.len % 4 == 1) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        int v = value64(s.data[i]);

        if (v < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            if (n == max) {
                return false;
            }
            p[n++] = (unsigned char)(bits >> have);
        }
    }
    *len = n;
    return true;
}

void base62_write(uint64_t n, char *out, size_t digits)
{
    for (size_t i = digits; i > 0; i--) {
        out[i - 1] = base62[n % 62];
        n /= 62;
    }
}

void base62_random(char *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = base62[random_below(62)];
    }
}

bool base62_is(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == '\0' || strchr(base62, s.data[i]) == NULL) {
            return false;
        }
    }
    return true;
}

uint32_t crc32_of(struct str s)
{
    uint32_t crc = 0xFFFFFFFFU;

    for (size_t i = 0; i < s.len; i++) {
        crc ^= (unsigned char)s.data[i];
        for (int k = 0; k < 8; k++) {
            crc = crc >> 1 ^ (0xEDB88320U & (0U - (crc & 1U)));
        }
    }
    return ~crc;
}

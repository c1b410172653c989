/* Bytes as text: hex, base64, base62; and CRC-32. Pure. */
#ifndef PORTER_BASE_CODEC_H
#define PORTER_BASE_CODEC_H

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdint.h>

/* Lower-case hex; out has room for 2 * len + 1. */
void hex_write(const void *data, size_t len, char *out);

/* 0 to 15 of a hex digit, in either case; -1: it is none. */
int hex_digit(char c);

/* The byte that the percent-escape (RFC 3986, 2.1) at s.data[at], a '%', stands
 * for; -1: no two hex digits follow. */
int percent_byte(struct str s, size_t at);

/* Standard base64 with padding (RFC 4648, 4), appended. */
void base64_add(struct buf *out, const void *data, size_t len);

/* base64url without padding (RFC 4648, 5), appended. */
void base64url_add(struct buf *out, const void *data, size_t len);

/* Either alphabet, padding optional; false on any other character, or when
 * more than max bytes would come. *len is written on success. */
MUST_USE bool base64_read(struct str s, void *out, size_t max, size_t *len);

/* n in base62 (0-9A-Za-z), left-padded with '0' to `digits` characters; the
 * high digits that do not fit are dropped. No NUL is written. */
void base62_write(uint64_t n, char *out, size_t digits);

/* `len` base62 characters, evenly random; no NUL is written. */
void base62_random(char *out, size_t len);

bool base62_is(struct str s);

/* CRC-32 (ISO 3309, as in zlib). */
uint32_t crc32_of(struct str s);

#endif

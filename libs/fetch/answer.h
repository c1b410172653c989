/* From what libcurl and the endpoint say to a fetch_answer's words. Pure. */
#ifndef PORTER_FETCH_ANSWER_H
#define PORTER_FETCH_ANSWER_H

#include "fetch/fetch.h"

#include "base/buf.h"
#include "base/str.h"

#include <stdint.h>

#define ANSWER_HEADERS_MAX 8192     /* Bytes kept of the response's headers. */
#define ANSWER_HEADERS_READ 131072U /* Bytes read before we give up. */

/* What a CURLcode (other than CURLE_OK) means; `code` is an int so that this
 * header needs no libcurl. */
enum fetch_failure answer_failure_of(int code);

/* Seconds to wait from a Retry-After value: digits, or an HTTP date seen at
 * now_s (never below 0). -1 when it is neither. */
int64_t answer_retry_after(struct str value, int64_t now_s);

/* Take one raw header line. A status line begins anew (an interim answer came
 * before); others are appended to `kept` as "name: value\n" while they fit,
 * and a Retry-After is read into *retry_after_s. */
void answer_header(struct str line, int64_t now_s, struct buf *kept,
                   int64_t *retry_after_s);

/* "192.0.2.1:443", "[2001:db8::1]:443"; "" when ip is. */
void answer_remote(const char *ip, long port, char *out, size_t size);

#endif

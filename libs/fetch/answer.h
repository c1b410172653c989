/* From what libcurl and the endpoint say to a fetch_answer's words. Pure. */
#ifndef PORTER_FETCH_ANSWER_H
#define PORTER_FETCH_ANSWER_H

#include "fetch/fetch.h"

#include "base/buf.h"
#include "base/str.h"

#include <stdint.h>

#define ANSWER_HEADERS_MAX 8192     /* Bytes kept of the response's headers. */
#define ANSWER_HEADERS_READ 131072U /* Bytes read before we give up. */

/* The head of an answer, as far as it has come. */
struct answer_head {
    struct buf kept;       /* "name: value\n" lines. */
    int64_t retry_after_s; /* -1: not asked for. */
    unsigned status;       /* Of a final answer; 0: none yet. */
    unsigned interim_count;
    size_t bytes;           /* All, also of interim answers. */
    bool is_whole;          /* Its empty line came. */
    bool is_encoded;        /* Transfer-Encoding names more than chunks. */
    bool is_too_large;      /* More bytes than are read, */
    bool is_body_too_large; /* or that of the body. */
};

/* What is known of a transfer that has no whole answer. */
struct answer_facts {
    int code;               /* A CURLcode: this header needs no libcurl. */
    const char *words;      /* libcurl's. */
    int os_errno;           /* Of a connect that failed. */
    bool is_lacking;        /* We could not even make a socket. */
    enum fetch_failure tls; /* What peer.h says; FETCH_OK: nothing. */
    bool is_refused;        /* An address was. */
    bool is_proxied;        /* Through a proxy of ours, */
    long proxy_status;      /* which answered to CONNECT so; 0: it did not. */
    bool is_tls;
    bool is_reused;
    bool is_asking;                     /* For a certificate of ours. */
    bool is_sent;                       /* The request, whole. */
    int64_t dns_us, connect_us, tls_us; /* 0: not reached. */
    const struct answer_head *head;
};

/* Which of the failures it is; never FETCH_OK. */
enum fetch_failure answer_failure(const struct answer_facts *f);

/* Is it us who lack what a connection needs? */
bool answer_is_lack(int os_errno);

/* Did the connection end with a reset? */
bool answer_was_reset(const struct answer_facts *f);

/* "1.1" of a CURL_HTTP_VERSION_…; "" for what there is no word for. */
const char *answer_version(long version);
enum fetch_protocol answer_protocol(long version);

/* Seconds to wait from a Retry-After value: digits, or an HTTP date seen at
 * now_s (never below 0), a year at most. -1 when it is neither. */
int64_t answer_retry_after(struct str value, int64_t now_s);

/* Take one raw header line into the head. A status line begins anew (an interim
 * answer came before); others are kept while they fit. */
void answer_header(struct str line, int64_t now_s, struct answer_head *head);

/* "192.0.2.1:443", "[2001:db8::1]:443"; "" when ip is. */
void answer_remote(const char *ip, long port, char *out, size_t size);

#endif

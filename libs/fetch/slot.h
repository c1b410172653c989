/* The inside of libs/fetch: transfers and the loop that owns them. */
#ifndef PORTER_FETCH_SLOT_H
#define PORTER_FETCH_SLOT_H

#include "fetch/answer.h"
#include "fetch/fetch.h"
#include "fetch/peer.h"
#include "fetch/sockets.h"

#include "base/buf.h"
#include "base/err.h"

#include <curl/curl.h>

#define FIXED_HEADERS 2

/* One transfer at a time; between transfers in `free`, and after one in
 * `resting` while its answer borrows the buffers. */
struct slot {
    struct fetch *fetch;
    struct slot *next; /* In `free` or `resting`. */
    CURL *easy;
    struct curl_slist headers[FETCH_HEADERS_MAX + FIXED_HEADERS];
    struct answer_head head;
    struct buf kept_body;
    size_t body_bytes;
    size_t sent_bytes; /* Of the request's body, when all of it is. */
    void *owner;
    int64_t started_us; /* Steady clock. */
    int64_t joined_us;  /* Connected, since then; 0: no TLS began. */
    int64_t first_us;   /* Of the answer; 0: nothing came. */
    bool is_tls;
    bool is_lacking; /* No socket could be made: it is us. */
    bool is_refused;
    struct err why;                /* Of the refusal. */
    struct sockaddr_storage tried; /* The address connected to last. */
    struct peer peer;
    char error[CURL_ERROR_SIZE];
    struct slot *all; /* Every slot, for fetch_close. */
};

struct fetch {
    struct fetch_options opts;
    char *ca_file;
    char *proxy;
    CURLM *multi;
    CURLSH *share; /* TLS sessions: a new connection resumes an old one. */
    struct sockets sockets;
    int wake_fd;
    int64_t timer_at_us; /* Steady clock; NEVER: libcurl waits for sockets. */
    struct slot *all;
    struct slot *free;
    struct slot *resting;
    unsigned active;
    uint64_t transfers;
    uint64_t reused;
};

/* A slot without a transfer; made when none is free. */
struct slot *slot_take(struct fetch *f);

/* Its answer may be looked at until slots_wake. */
void slot_rest(struct slot *s);
void slots_wake(struct fetch *f);

/* Forget the transfer before; this is the next. */
void slot_reset(struct slot *s, const struct fetch_request *req);

/* After every connection is closed. */
void slot_free(struct slot *s);

/* The request's header lines as libcurl wants them; the slot's memory. */
struct curl_slist *slot_headers(struct slot *s,
                                const struct fetch_request *req);

/* What became of the transfer; borrows the slot's buffers. */
void slot_answer(struct slot *s, CURLcode code, struct fetch_answer *out);

#endif

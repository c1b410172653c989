/* The HTTP(S) server behind the gateway's doors: civetweb 1.16 with every one
 * of its known defects kept out (docs/dependencies.md lists them).
 *
 * One handler gets every request, whole: head parsed and checked, body read
 * (bounded), and answers with one struct that is sent in one write. A server
 * has exactly one listening socket. Threads: one per live connection, all
 * started by web_open; the handler runs on them and must be thread-safe.
 *
 * What is refused before the handler (through `refuse`, which words the
 * answer): bare LF and malformed heads, Transfer-Encoding with Content-Length,
 * repeated Content-Length or Host, any encoding but chunked, over-long heads
 * (431), bodies over body_max (413), heads or bodies that take longer than
 * request_ms (408), targets that are not absolute paths. */
#ifndef PORTER_WEB_WEB_H
#define PORTER_WEB_WEB_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEB_HEADERS_MAX 64

enum web_method {
    WEB_GET,
    WEB_HEAD,
    WEB_POST,
    WEB_PUT,
    WEB_PATCH,
    WEB_DELETE,
    WEB_OPTIONS,
    WEB_OTHER
};

struct web_header {
    struct str name;
    struct str value;
};

struct web_request {
    enum web_method method;
    struct str method_text;
    struct str path;  /* Percent-decoded once; UTF-8, no control character. */
    struct str query; /* Raw, without '?'; data NULL when there is none. */
    struct web_header headers[WEB_HEADERS_MAX];
    size_t header_count;
    struct str body;   /* data NULL when there is none. */
    struct str remote; /* The caller's address as text (web/caller.h), */
    struct str peer;   /* and whose connection it is: that, or a proxy's. */
    bool is_tls;
    int64_t began_us;        /* Steady clock, when the head was complete. */
    struct arena *arena;     /* Reset after the answer. */
    struct watch_slot *slot; /* The server's; for web_is_gone. */
};

/* First value of the header (any case), or STR_NONE. */
struct str web_header(const struct web_request *r, struct str name);
/* How often it is there. */
size_t web_header_count(const struct web_request *r, struct str name);

/* Has the client ended its side of the connection? A handler that waits for
 * something asks now and then: nobody may be there for the answer. */
bool web_is_gone(const struct web_request *r);

struct web_response {
    unsigned status;
    struct buf headers; /* "Name: value\r\n" lines, through web_add_header */
    struct buf body;
    bool close; /* End the connection after this answer. */
};

/* Adds a header line; CR and LF in the value are a bug (asserted). */
void web_add_header(struct web_response *r, struct str name, struct str value);

/* Fill the response. Content-Length, Date, Connection and the status line are
 * the server's; for HEAD the body is counted and not sent. */
typedef void web_handler_fn(void *user, const struct web_request *req,
                            struct web_response *res);

/* A request that never reaches the handler. req may be only partly filled
 * (arena, peer and remote always are: of a head that can't be read the peer is
 * the remote). `code` picks the status. */
enum web_refusal {
    WEB_REFUSE_MALFORMED, /* 400 */
    WEB_REFUSE_TIMEOUT,   /* 408 */
    WEB_REFUSE_LENGTH,    /* 411 */
    WEB_REFUSE_BODY_SIZE, /* 413 */
    WEB_REFUSE_HEAD_SIZE, /* 431 */
    WEB_REFUSE_ENCODING,  /* 501: transfer coding */
    WEB_REFUSE_METHOD,    /* 501 */
    WEB_REFUSE_VERSION,   /* 505 */
};
typedef void web_refuse_fn(void *user, enum web_refusal code,
                           const char *detail, const struct web_request *req,
                           struct web_response *res);

struct address_list;

struct web_options {
    const char *address; /* "127.0.0.1", "::", … */
    unsigned port;       /* 0: any free one; see web_port */
    unsigned threads;    /* Connections served at once. */
    unsigned backlog;
    unsigned keep_alive_ms; /* Idle time; cut to a tenth when busy. */
    unsigned request_ms;
    size_t head_max; /* Bytes of request line and headers. */
    size_t body_max;
    const char *tls_certificate; /* PEM chain; NULL: plain HTTP */
    const char *tls_key;
    const struct address_list *proxies; /* Trusted; NULL: none. Not copied. */
    web_handler_fn *handler;
    web_refuse_fn *refuse;
    void *user;
};

struct web;

MUST_USE bool web_open(const struct web_options *opts, struct web **out,
                       struct err *err);
unsigned web_port(const struct web *w);

/* Read certificate and key again; new connections get the new ones. The old
 * stay in use when the new can't be read (the error says why). Thread-safe. */
MUST_USE bool web_reload_tls(struct web *w, struct err *err);

/* Answers say `Connection: close` from now on; requests go on being served. */
void web_drain(struct web *w);

/* Waits until nobody is inside the handler (at most wait_ms), then serves
 * nobody any more. web_stats goes on working. Accepts NULL. */
void web_stop(struct web *w, unsigned wait_ms);

/* web_stop, then the memory is given back. */
void web_close(struct web *w, unsigned wait_ms); /* Accepts NULL. */

struct web_stats {
    unsigned connections, in_handler, threads;
    uint64_t requests, refused;
};
struct web_stats web_stats(struct web *w);

/* "Not Found" for 404. */
const char *web_reason(unsigned status);

#endif

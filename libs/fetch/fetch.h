/* Many HTTP requests at once: one libcurl multi handle, one thread.
 *
 * Never queues: fetch_start is refused when max_transfers are under way, so
 * the caller keeps its own queues. Redirects are not followed, responses are
 * not decompressed, and header and body bytes are bounded. The address really
 * connected to is shown to `may_connect` first (DNS rebinding). Not
 * thread-safe, but for fetch_wake. */
#ifndef PORTER_FETCH_FETCH_H
#define PORTER_FETCH_FETCH_H

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define FETCH_HEADERS_MAX 32

/* May this address be connected to? `why` gets a sentence when not. */
typedef bool fetch_may_connect_fn(void *user, const struct sockaddr *address,
                                  struct err *why);

struct fetch_options {
    unsigned max_transfers; /* <= ~100 keeps libcurl fast */
    unsigned max_idle;      /* kept connections */
    unsigned connect_ms;
    unsigned total_ms;
    size_t response_max; /* body bytes read; more ends the transfer */
    size_t keep_max;     /* body bytes kept */
    const char *ca_file; /* NULL: the system's */
    const char *proxy; /* NULL, "": none; with one, may_connect is not asked */
    bool http2;        /* Where the server speaks it (ALPN); else HTTP/1.1. */
    fetch_may_connect_fn *may_connect; /* NULL: any */
    void *user;
};

struct fetch_request {
    const char *url;
    /* Borrowed until the answer: "Name: value" lines and the body. */
    const char *headers[FETCH_HEADERS_MAX];
    size_t header_count;
    struct str body;
    void *owner; /* Comes back in the answer. */
};

enum fetch_failure {
    FETCH_OK, /* There is an HTTP status. */
    FETCH_REFUSED_ADDRESS,
    FETCH_DNS,
    FETCH_CONNECT,
    FETCH_TLS,
    FETCH_TIMEOUT,
    FETCH_PROTOCOL, /* What came is not HTTP, or was cut short. */
    FETCH_TOO_LARGE,
    FETCH_OTHER,
};

/* What the answer came by. */
enum fetch_protocol { FETCH_NO_ANSWER, FETCH_HTTP1, FETCH_HTTP2 };

struct fetch_answer {
    void *owner;
    enum fetch_failure failure;
    unsigned status;       /* 0 unless FETCH_OK or FETCH_TOO_LARGE */
    struct str body;       /* first keep_max bytes; valid until the next wait */
    struct str headers;    /* "name: value\n" lines, bounded; same life */
    char detail[160];      /* one sentence when failed */
    char remote[64];       /* "203.0.113.9:443", "" when never connected */
    int64_t retry_after_s; /* from Retry-After (seconds or date), -1: none */
    /* Microseconds from the start: name looked up, connected, TLS done, first
     * byte, end. 0 for phases not reached or not needed (reused). */
    int64_t dns_us, connect_us, tls_us, first_byte_us, total_us;
    bool reused;
    enum fetch_protocol protocol;
};

/* Is it the URL of a proxy that looks names up itself: http, https or socks5h?
 * "" is none. ERR_INVALID does not show it: it may hold a password. */
MUST_USE bool fetch_proxy_check(const char *proxy, struct err *err);

/* Can authorities be read from it? "" is the system's. ERR_INVALID says why
 * not. */
MUST_USE bool fetch_ca_check(const char *path, struct err *err);

struct fetch;

MUST_USE bool fetch_open(const struct fetch_options *opts, struct fetch **out,
                         struct err *err);
void fetch_close(struct fetch *f); /* Abandons what is under way. */

size_t fetch_room(const struct fetch *f); /* Transfers that may be started. */

/* Begin; asserts fetch_room() > 0. Fails only for a URL libcurl can't take. */
MUST_USE bool fetch_start(struct fetch *f, const struct fetch_request *req,
                          struct err *err);

/* Wait up to wait_ms (or until fetch_wake) and hand every finished transfer to
 * `each`, which may start new ones. */
typedef void fetch_answer_fn(void *user, const struct fetch_answer *answer);
void fetch_wait(struct fetch *f, unsigned wait_ms, fetch_answer_fn *each,
                void *user);

/* End the current or next fetch_wait early. Thread-safe. */
void fetch_wake(struct fetch *f);

struct fetch_stats {
    uint64_t transfers, reused;
    unsigned active;
};
struct fetch_stats fetch_stats(const struct fetch *f);

#endif

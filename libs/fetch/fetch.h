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
    bool is_get; /* Else it is a POST of the body. */
    /* PEM of a certificate and its key, shown where one is asked for;
     * STR_NONE: none. A connection is used again by the same only. */
    struct str client_pem;
    struct str body;
    void *owner; /* Comes back in the answer. */
};

/* Why there is no whole answer. Each has a row in the table of whoever words
 * it: what is told apart here can have its own cure. */
enum fetch_failure {
    FETCH_OK, /* There is a whole answer. */
    FETCH_REFUSED_ADDRESS,
    FETCH_DNS,         /* The name is unknown, or its servers say nothing. */
    FETCH_DNS_TIMEOUT, /* connect_ms was over before a name server spoke. */
    FETCH_CONNECT_REFUSED,
    FETCH_CONNECT_TIMEOUT,
    FETCH_UNREACHABLE,
    FETCH_TLS_EXPIRED,
    FETCH_TLS_NOT_YET_VALID,
    FETCH_TLS_WRONG_HOST,
    FETCH_TLS_SELF_SIGNED,
    FETCH_TLS_CHAIN,      /* The leaf's issuer was not sent, nor is it known. */
    FETCH_TLS_UNKNOWN_CA, /* The chain ends at an authority not trusted. */
    FETCH_TLS_WEAK,       /* A key or signature of too few bits. */
    FETCH_TLS_CERTIFICATE,        /* It does not hold for another reason. */
    FETCH_TLS_PROTOCOL,           /* No version of TLS that both speak. */
    FETCH_TLS_PLAIN,              /* What answered does not speak TLS. */
    FETCH_TLS_CLIENT_CERTIFICATE, /* It wants one of us. */
    FETCH_TLS_HANDSHAKE,          /* It failed in another way. */
    FETCH_TLS_ENDED,              /* The connection ended within it. */
    FETCH_TLS_TIMEOUT,
    FETCH_TIMEOUT_SENDING,
    FETCH_TIMEOUT,        /* Sent, and nothing came. */
    FETCH_TIMEOUT_ANSWER, /* Some of the answer came. */
    FETCH_ENDED_SENDING,  /* The connection ended while we sent, */
    FETCH_ENDED_SILENT,   /* or then, before the answer, */
    FETCH_ENDED_SHORT,    /* or within it. */
    FETCH_NOT_HTTP,
    FETCH_INTERIM, /* 1xx answers, and no other. */
    FETCH_HEADERS_TOO_LARGE,
    FETCH_TOO_LARGE,      /* The body. */
    FETCH_ENCODED,        /* Packed in a way that we did not ask for. */
    FETCH_PROXY,          /* Our own did not let us through. */
    FETCH_LACK,           /* No descriptor, memory, port or network was left. */
    FETCH_CLIENT_EXPIRED, /* Our certificate: whoever has it says so. */
    FETCH_OTHER,
    FETCH_FAILURES
};

#define FETCH_NAME_MAX 200

/* What a new connection's TLS showed, also when the handshake failed. Names
 * are cut to what fits, and hold no control characters. */
struct fetch_peer {
    const char *tls; /* "TLSv1.3"; "" when no version was agreed on */
    char
        subject[FETCH_NAME_MAX]; /* "CN=example.com, O=…"; "": no certificate */
    char issuer[FETCH_NAME_MAX];
    int64_t expires_us; /* Wall clock. */
    /* Of what is wrong, filled when the handshake failed over it. */
    char culprit[FETCH_NAME_MAX];        /* Which certificate of the chain; */
    char culprit_issuer[FETCH_NAME_MAX]; /* who signed it; */
    int64_t culprit_from_us, culprit_until_us;
    char names[FETCH_NAME_MAX]; /* The hosts that the certificate is good for */
    char why[FETCH_NAME_MAX];   /* In the words of OpenSSL. */
};

/* What the answer came by. */
enum fetch_protocol { FETCH_NO_ANSWER, FETCH_HTTP1, FETCH_HTTP2 };

struct fetch_answer {
    void *owner;
    enum fetch_failure failure;
    unsigned status;    /* Of the final answer; 0: no such head came. */
    struct str body;    /* first keep_max bytes; valid until the next wait */
    struct str headers; /* "name: value\n" lines, bounded; same life */
    char detail[160];   /* libcurl's own words (or the guard's) when failed */
    char remote[64];    /* "203.0.113.9:443", "" when never connected */
    int64_t retry_after_s; /* from Retry-After (seconds or date), -1: none */
    /* Microseconds from the start: name looked up, connected, TLS done, first
     * byte, end. 0 for phases not reached or not needed (reused). */
    int64_t dns_us, connect_us, tls_us, first_byte_us, total_us;
    bool reused;
    enum fetch_protocol protocol;
    bool was_reset;           /* FETCH_ENDED_…: not closed but reset. */
    const char *http_version; /* "1.1", "2"; "" when there was no answer */
    unsigned interim_count;   /* 1xx answers before it. */
    size_t header_bytes;      /* All that came, kept or not. */
    size_t body_bytes;
    const struct fetch_peer *peer;      /* NULL: reused, or no TLS; same life */
    const struct fetch_options *limits; /* What it was measured by. */
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

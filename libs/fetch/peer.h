/* The other side of a new TLS connection: its certificate, and what is wrong
 * with it. The only file of libs/fetch that knows OpenSSL.
 *
 * Costs a new connection two callbacks and one reference; names are written
 * only when the answer is, and a kept connection costs nothing. */
#ifndef PORTER_FETCH_PEER_H
#define PORTER_FETCH_PEER_H

#include "fetch/fetch.h"

/* One transfer's; begins as zeros. A connection outlives its transfer, so what
 * it tells later, over another one's shoulder, is not listened to (`turn`). */
struct peer {
    uintptr_t turn;
    bool is_new;                 /* The transfer made a TLS connection. */
    bool is_asking;              /* It asked for a certificate of ours. */
    enum fetch_failure fault;    /* FETCH_OK: none of the certificate's. */
    struct x509_st *certificate; /* NULL: none was shown. */
    struct fetch_peer facts;
};

/* Forget the transfer before. */
void peer_reset(struct peer *p);

/* Listen to the handshake of this SSL_CTX, which libcurl makes anew for each
 * connection, and let there be only one. `p` must outlive all connections. */
void peer_watch(struct peer *p, void *ssl_ctx);

/* Write down what was seen; NULL when no TLS connection was made. The hosts of
 * the certificate are told only when `failure` is about them. */
const struct fetch_peer *peer_facts(struct peer *p, enum fetch_failure failure);

/* What libcurl's words about a failed handshake mean ("error:0A000410:SSL
 * routines::…"): the number in them is OpenSSL's. FETCH_OK: nothing that is
 * known. Pure. */
enum fetch_failure peer_failure_of(const char *words, bool is_asking);

#endif

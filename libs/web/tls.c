/* Connections begin with `front`, which holds every setting and the ticket
 * keys; the ClientHello swaps in the certificate of the day (`current`, one
 * SSL_CTX per generation, counted by OpenSSL: the old one lives as long as
 * its connections). */
#include "web/tls.h"

#include "base/str.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* TLS 1.2 only; 1.3 has none but good ones. */
#define CIPHERS_1_2                                                            \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"             \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:"               \
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384"
#define GROUPS "X25519:P-256:P-384"
#define TICKETS_PER_HANDSHAKE 1
#define SESSION_SECONDS 7200

struct tls {
    char *certificate;
    char *key;
    SSL_CTX *front;
    pthread_mutex_t lock; /* Guards current. */
    SSL_CTX *current;
};

/* The first error is the system's when a file could not be read, the last one
 * says best what is wrong with what was read. */
static bool fail(struct err *err, const char *what, const char *file)
{
    const unsigned long first = ERR_peek_error();
    const char *reason = ERR_SYSTEM_ERROR(first)
                             ? strerror(ERR_GET_REASON(first))
                             : ERR_reason_error_string(ERR_peek_last_error());

    err_set(err, ERR_INVALID, "%s %s: %s", what, file,
            reason == NULL ? "refused by OpenSSL" : reason);
    ERR_clear_error();
    return false;
}

static bool load(const struct tls *t, SSL_CTX *ctx, struct err *err)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, t->certificate) != 1) {
        return fail(err, "can't use the certificate", t->certificate);
    }
    if (SSL_CTX_use_PrivateKey_file(ctx, t->key, SSL_FILETYPE_PEM) != 1) {
        return fail(err, "can't use the key", t->key);
    }
    if (SSL_CTX_check_private_key(ctx) != 1) {
        return fail(err, "the certificate does not fit the key", t->key);
    }
    return true;
}

static SSL_CTX *new_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (ctx == NULL) {
        oom(0);
    }
    return ctx;
}

static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    struct tls *t = arg;

    (void)alert;
    pthread_mutex_lock(&t->lock);
    SSL_set_SSL_CTX(ssl, t->current);
    pthread_mutex_unlock(&t->lock);
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* civetweb speaks HTTP/1.1 only: say so to those who ask for h2 as well. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char spoken[] = "\x08http/1.1";
    unsigned char *chosen = NULL;

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_len, spoken, sizeof(spoken) - 1, in,
                              in_len) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* SSL_set_SSL_CTX takes some settings from the new context and leaves others
 * with the connection, so both kinds of context get all of them. */
static bool set_up(SSL_CTX *c, struct err *err)
{
    static const unsigned char session_context[] = "porter";

    /* An end without close_notify (a client's, or our own cut of its time)
     * must not keep the answer from being written; where a request ends says
     * HTTP. */
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA |
                               SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* An idle connection keeps no record buffers. */
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(c, SESSION_SECONDS);
    SSL_CTX_set_alpn_select_cb(c, on_alpn, NULL);
    if (SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(c, CIPHERS_1_2) != 1 ||
        SSL_CTX_set1_groups_list(c, GROUPS) != 1 ||
        SSL_CTX_set_num_tickets(c, TICKETS_PER_HANDSHAKE) != 1 ||
        SSL_CTX_set_session_id_context(c, session_context,
                                       sizeof(session_context) - 1) != 1) {
        return fail(err, "can't set up", "TLS");
    }
    return true;
}

bool tls_open(const char *certificate, const char *key, struct tls **out,
              struct err *err)
{
    struct tls *t = NULL;

    if (certificate == NULL || key == NULL) {
        return err_set(err, ERR_INVALID, "TLS needs a certificate and its key");
    }
    t = mem_zero(1, sizeof(*t));
    pthread_mutex_init(&t->lock, NULL);
    t->certificate = str_dup(str_of(certificate));
    t->key = str_dup(str_of(key));
    t->front = new_context();
    SSL_CTX_set_client_hello_cb(t->front, on_client_hello, t);
    if (!set_up(t->front, err) || !tls_reload(t, err)) {
        tls_close(t);
        return false;
    }
    *out = t;
    return true;
}

void tls_close(struct tls *t)
{
    if (t == NULL) {
        return;
    }
    SSL_CTX_free(t->current);
    SSL_CTX_free(t->front);
    pthread_mutex_destroy(&t->lock);
    free(t->certificate);
    free(t->key);
    free(t);
}

bool tls_reload(struct tls *t, struct err *err)
{
    SSL_CTX *fresh = new_context();
    SSL_CTX *old = NULL;

    assert(t != NULL);
    if (!set_up(fresh, err) || !load(t, fresh, err)) {
        SSL_CTX_free(fresh);
        return false;
    }
    pthread_mutex_lock(&t->lock);
    old = t->current;
    t->current = fresh;
    pthread_mutex_unlock(&t->lock);
    SSL_CTX_free(old);
    return true;
}

void *tls_context(struct tls *t)
{
    return t->front;
}

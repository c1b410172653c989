/* Stands beside slot.c: OpenSSL calls us inside libcurl's handshakes.
 *
 * Happy path: verify -> the certificate is noted (a reference) -> told notes
 * the version -> peer_facts writes the names when the answer is made.
 * Endings: a resumed session shows no certificate to verify, so told takes the
 * session's. One that does not hold is described at once, while its chain is
 * there. A handshake that fails before it has only libcurl's words. */
#include "fetch/peer.h"

#include "base/clock.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define NAMES_MAX 5 /* Hosts of a certificate that are told. */
#define HEX 16

/* "CN=example.com, O=Example, C=CH", as UTF-8. */
#define NAME_FORM                                                              \
    (ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL |                           \
     ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_DUMP_UNKNOWN |                   \
     ASN1_STRFLGS_DUMP_DER | XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_DN_REV |          \
     XN_FLAG_FN_SN)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int peer_index = -1;
static int turn_index = -1;

/* Where an SSL_CTX keeps its struct peer and that one's turn. */
static void make_indices(void)
{
    peer_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    turn_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    assert(peer_index >= 0 && turn_index >= 0);
}

/* NULL: the transfer that made the connection is over. */
static struct peer *listener(const SSL *ssl)
{
    const SSL_CTX *ctx = SSL_get_SSL_CTX(ssl);
    struct peer *p = SSL_CTX_get_ex_data(ctx, peer_index);
    uintptr_t turn = (uintptr_t)SSL_CTX_get_ex_data(ctx, turn_index);

    return p != NULL && p->turn == turn ? p : NULL;
}

/* --- texts ---------------------------------------------------------------- */

/* Cut between characters; what does not print becomes '?'. */
static void put(struct str s, char out[FETCH_NAME_MAX])
{
    size_t len = MIN_OF(s.len, (size_t)FETCH_NAME_MAX - 1);

    while (len < s.len && len > 0 &&
           ((unsigned char)s.data[len] & 0xC0U) == 0x80U) {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        out[i] = (c < ' ' || c == 0x7F) ? '?' : s.data[i];
    }
    out[len] = '\0';
}

static void put_name(const X509_NAME *name, char out[FETCH_NAME_MAX])
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;

    out[0] = '\0';
    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, NAME_FORM) >= 0) {
        long len = BIO_get_mem_data(bio, &data);
        put((struct str){data, len > 0 ? (size_t)len : 0}, out);
    }
    BIO_free(bio);
}

static int64_t time_us(const ASN1_TIME *t)
{
    struct tm tm = {0};

    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) * US_PER_S : 0;
}

static void add_host(struct buf *out, const GENERAL_NAME *name)
{
    char address[INET6_ADDRSTRLEN] = "";
    const ASN1_STRING *s = NULL;

    if (name->type == GEN_DNS) {
        s = name->d.dNSName;
        buf_add_bytes(out, ASN1_STRING_get0_data(s),
                      (size_t)ASN1_STRING_length(s));
        return;
    }
    s = name->d.iPAddress;
    (void)inet_ntop(ASN1_STRING_length(s) == 4 ? AF_INET : AF_INET6,
                    ASN1_STRING_get0_data(s), address, sizeof address);
    buf_add(out, str_of(address));
}

static bool is_host(const GENERAL_NAME *name)
{
    int len =
        name->type == GEN_IPADD ? ASN1_STRING_length(name->d.iPAddress) : 0;

    return name->type == GEN_DNS || len == 4 || len == 16;
}

/* The hosts of the subject's alternative names, which alone count. */
static void put_hosts(const X509 *x, char out[FETCH_NAME_MAX])
{
    GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    struct buf text = BUF_EMPTY;
    unsigned count = 0;

    for (int i = 0; i < sk_GENERAL_NAME_num(all) && count <= NAMES_MAX; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);

        if (!is_host(name)) {
            continue;
        }
        buf_add(&text, count == 0 ? STR("") : STR(", "));
        if (count++ == NAMES_MAX) {
            BUF_ADD(&text, "and more");
        } else {
            add_host(&text, name);
        }
    }
    put(count == 0 ? STR("no host") : buf_str(&text), out);
    buf_free(&text);
    GENERAL_NAMES_free(all);
}

/* --- what OpenSSL calls --------------------------------------------------- */

static void note_certificate(struct peer *p, X509 *x)
{
    if (x != NULL && p->certificate == NULL && X509_up_ref(x) == 1) {
        p->certificate = x;
    }
}

/* A partial switch on purpose, as in answer.c. */
static enum fetch_failure fault_of(int error, int depth)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return FETCH_TLS_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return FETCH_TLS_NOT_YET_VALID;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return FETCH_TLS_SELF_SIGNED;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return FETCH_TLS_UNKNOWN_CA;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return depth == 0 ? FETCH_TLS_CHAIN : FETCH_TLS_UNKNOWN_CA;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return FETCH_TLS_WEAK;
    default:
        return FETCH_TLS_CERTIFICATE;
    }
}

static void note_fault(struct peer *p, X509_STORE_CTX *store)
{
    int error = X509_STORE_CTX_get_error(store);
    const X509 *x = X509_STORE_CTX_get_current_cert(store);
    struct fetch_peer *f = &p->facts;

    p->fault = fault_of(error, X509_STORE_CTX_get_error_depth(store));
    put(str_of(X509_verify_cert_error_string(error)), f->why);
    if (x != NULL) {
        put_name(X509_get_subject_name(x), f->culprit);
        put_name(X509_get_issuer_name(x), f->culprit_issuer);
        f->culprit_from_us = time_us(X509_get0_notBefore(x));
        f->culprit_until_us = time_us(X509_get0_notAfter(x));
    }
}

/* In place of X509_verify_cert, which it calls. */
static int verify(X509_STORE_CTX *store, void *user)
{
    const SSL *ssl =
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct peer *p = listener(ssl);
    int result = X509_verify_cert(store);

    (void)user;
    if (p != NULL) {
        p->facts.tls = SSL_get_version(ssl);
        note_certificate(p, X509_STORE_CTX_get0_cert(store));
        if (result <= 0) {
            note_fault(p, store);
        }
    }
    return MAX_OF(result, 0);
}

static void told(const SSL *ssl, int where, int value)
{
    (void)value;
    if ((where & SSL_CB_HANDSHAKE_DONE) == 0) {
        return;
    }
    struct peer *p = listener(ssl);
    if (p != NULL) {
        p->facts.tls = SSL_get_version(ssl);
        note_certificate(p, SSL_get0_peer_certificate(ssl));
    }
}

static int asked(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
    struct peer *p = listener(ssl);

    (void)certificate;
    (void)key;
    if (p != NULL) {
        p->is_asking = true;
    }
    return 0; /* We have none. */
}

/* --- what slot.c calls ---------------------------------------------------- */

void peer_reset(struct peer *p)
{
    p->turn++;
    if (p->is_new) {
        X509_free(p->certificate);
        p->certificate = NULL;
        p->is_new = false;
        p->is_asking = false;
        p->fault = FETCH_OK;
    }
}

void peer_watch(struct peer *p, void *ssl_ctx)
{
    SSL_CTX *ctx = ssl_ctx;

    (void)pthread_once(&once, make_indices);
    X509_free(p->certificate); /* Of an HTTPS proxy. */
    p->certificate = NULL;
    p->facts = (struct fetch_peer){.tls = ""};
    p->is_new = SSL_CTX_set_ex_data(ctx, peer_index, p) == 1 &&
                SSL_CTX_set_ex_data(ctx, turn_index, (void *)p->turn) == 1;
    /* Else a TLS 1.2 server could keep our thread busy with handshakes. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_cert_verify_callback(ctx, verify, NULL);
    SSL_CTX_set_info_callback(ctx, told);
    SSL_CTX_set_client_cert_cb(ctx, asked);
}

const struct fetch_peer *peer_facts(struct peer *p, enum fetch_failure failure)
{
    struct fetch_peer *f = &p->facts;
    X509 *x = p->certificate;

    if (!p->is_new) {
        return NULL;
    }
    if (x != NULL) {
        put_name(X509_get_subject_name(x), f->subject);
        put_name(X509_get_issuer_name(x), f->issuer);
        f->expires_us = time_us(X509_get0_notAfter(x));
    }
    if (x != NULL && failure == FETCH_TLS_WRONG_HOST) {
        put_hosts(x, f->names);
    }
    return f;
}

/* SSL_R_… of alerts are 1000 and the alert's number. */
static enum fetch_failure reason_of(int reason, bool is_asking)
{
    switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return FETCH_TLS_CLIENT_CERTIFICATE;
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        return is_asking ? FETCH_TLS_CLIENT_CERTIFICATE : FETCH_TLS_HANDSHAKE;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return FETCH_TLS_PROTOCOL;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
        return FETCH_TLS_PLAIN;
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_CA_KEY_TOO_SMALL:
    case SSL_R_CA_MD_TOO_WEAK:
    case SSL_R_DH_KEY_TOO_SMALL:
        return FETCH_TLS_WEAK;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        return FETCH_TLS_ENDED;
    default:
        return FETCH_TLS_HANDSHAKE;
    }
}

enum fetch_failure peer_failure_of(const char *words, bool is_asking)
{
    static const char mark[] = "error:";
    const char *at = strstr(words, mark);

    if (at == NULL) {
        return FETCH_OK;
    }
    unsigned long code = strtoul(at + sizeof mark - 1, NULL, HEX);
    return ERR_GET_LIB(code) == ERR_LIB_SSL
               ? reason_of(ERR_GET_REASON(code), is_asking)
               : FETCH_TLS_HANDSHAKE;
}

/* Handshakes in memory: what a connection tells of the other side, and whom. */
#include "fetch/peer.h"

#include "base/clock.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define STEPS_MAX 20
#define DAY_S 86400L

/* A server and a client, whose bytes go through memory. */
struct pair {
    SSL_CTX *server_ctx, *client_ctx;
    SSL *server, *client;
};

static void add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_non_null(e);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
}

/* Signed by itself, good for these hosts. */
static X509 *certificate(EVP_PKEY *key, const char *common, const char *hosts)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);

    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(x), DAY_S);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
                               (const unsigned char *)"Acme", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               (const unsigned char *)common, -1, -1, 0);
    X509_set_issuer_name(x, name);
    add_extension(x, NID_subject_alt_name, hosts);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

static void pair_open(struct pair *p, struct peer *peer, const char *common,
                      const char *hosts)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = certificate(key, common, hosts);
    BIO *a = NULL, *b = NULL;

    p->server_ctx = SSL_CTX_new(TLS_server_method());
    p->client_ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_use_certificate(p->server_ctx, x);
    SSL_CTX_use_PrivateKey(p->server_ctx, key);
    SSL_CTX_set_verify(p->client_ctx, SSL_VERIFY_PEER, NULL);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(p->client_ctx), x);
    peer_watch(peer, p->client_ctx);
    p->server = SSL_new(p->server_ctx);
    p->client = SSL_new(p->client_ctx);
    assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
    SSL_set_bio(p->server, a, a);
    SSL_set_bio(p->client, b, b);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void distrust(struct pair *p)
{
    X509_STORE *empty = X509_STORE_new();

    SSL_CTX_set_cert_store(p->client_ctx, empty);
}

static bool shake_hands(struct pair *p)
{
    SSL_set_accept_state(p->server);
    SSL_set_connect_state(p->client);
    for (int i = 0; i < STEPS_MAX; i++) {
        int c = SSL_do_handshake(p->client);
        int s = SSL_do_handshake(p->server);
        if (c == 1 && s == 1) {
            return true;
        }
    }
    return false;
}

/* TLS 1.2 lets a server ask for another handshake whenever it likes. Was there
 * one? */
static bool shake_hands_again(struct pair *p)
{
    char c = 0;

    assert_int_equal(SSL_renegotiate(p->server), 1);
    for (int i = 0; i < STEPS_MAX; i++) {
        (void)SSL_do_handshake(p->server);
        (void)SSL_read(p->client, &c, 1);
        (void)SSL_read(p->server, &c, 1);
    }
    return !SSL_renegotiate_pending(p->server);
}

static void pair_open_1_2(struct pair *p, struct peer *peer)
{
    pair_open(p, peer, "old.example.com", "DNS:old.example.com");
    SSL_set_max_proto_version(p->server, TLS1_2_VERSION);
}

static void pair_close(struct pair *p)
{
    SSL_free(p->server);
    SSL_free(p->client);
    SSL_CTX_free(p->server_ctx);
    SSL_CTX_free(p->client_ctx);
}

static void a_good_certificate_is_shown(void **state)
{
    struct peer peer = {0};
    struct pair p = {0};

    (void)state;
    peer_reset(&peer);
    assert_null(peer_facts(&peer, FETCH_OK)); /* No TLS yet. */
    pair_open(&p, &peer, "a.example.com", "DNS:a.example.com");
    assert_true(shake_hands(&p));
    const struct fetch_peer *f = peer_facts(&peer, FETCH_OK);
    assert_non_null(f);
    assert_string_equal(f->tls, "TLSv1.3");
    assert_string_equal(f->subject, "CN=a.example.com, O=Acme");
    assert_string_equal(f->issuer, f->subject);
    int64_t left_us = f->expires_us - clock_wall_us();
    assert_true(left_us > 0 && left_us <= DAY_S * US_PER_S);
    assert_int_equal(peer.fault, FETCH_OK);
    assert_string_equal(f->names, "");
    pair_close(&p);
    peer_reset(&peer);
    assert_null(peer_facts(&peer, FETCH_OK)); /* The next has its own. */
}

static void a_bad_certificate_is_shown_too(void **state)
{
    struct peer peer = {0};
    struct pair p = {0};

    (void)state;
    peer_reset(&peer);
    pair_open(&p, &peer, "a.example.com", "DNS:a.example.com");
    distrust(&p);
    assert_false(shake_hands(&p));
    assert_int_equal(peer.fault, FETCH_TLS_SELF_SIGNED);
    const struct fetch_peer *f = peer_facts(&peer, peer.fault);
    assert_string_equal(f->subject, "CN=a.example.com, O=Acme");
    assert_string_equal(f->culprit, f->subject);
    assert_string_equal(f->tls, "TLSv1.3");
    assert_int_equal(f->culprit_until_us, f->expires_us);
    pair_close(&p);
    peer_reset(&peer);
}

static void hosts_are_told_when_they_are_what_is_wrong(void **state)
{
    struct peer peer = {0};
    struct pair p = {0};

    (void)state;
    peer_reset(&peer);
    pair_open(&p, &peer, "a",
              "DNS:*.b.example,email:x@y.z,IP:192.0.2.1,"
              "IP:2001:db8::1");
    assert_true(shake_hands(&p));
    assert_string_equal(peer_facts(&peer, FETCH_TLS_WRONG_HOST)->names,
                        "*.b.example, 192.0.2.1, 2001:db8::1");
    pair_close(&p);
    peer_reset(&peer);
    pair_open(&p, &peer, "a", "email:x@y.z");
    assert_true(shake_hands(&p));
    assert_string_equal(peer_facts(&peer, FETCH_TLS_WRONG_HOST)->names,
                        "no host");
    pair_close(&p);
    peer_reset(&peer);
}

/* A name is the other side's text. */
static void long_and_odd_names_are_cut_and_kept_printable(void **state)
{
    struct peer peer = {0};
    struct pair p = {0};

    (void)state;
    peer_reset(&peer);
    pair_open(&p, &peer, "Z\xc3\xbcrich\n\x1b[1m, \"AG\"", "DNS:a");
    assert_true(shake_hands(&p));
    const struct fetch_peer *f = peer_facts(&peer, FETCH_OK);
    assert_non_null(strstr(f->subject, "CN=Z\xc3\xbcrich"));
    for (const char *c = f->subject; *c != '\0'; c++) {
        assert_true((unsigned char)*c >= ' ');
    }
    assert_true(strlen(f->subject) < FETCH_NAME_MAX);
    pair_close(&p);
    peer_reset(&peer);
}

/* The connection goes on in others' transfers. */
static void
what_a_connection_says_later_is_not_put_down_to_another(void **state)
{
    struct peer peer = {0};
    struct pair old = {0};
    struct pair bad = {0};

    (void)state;
    peer_reset(&peer);
    pair_open_1_2(&old, &peer);
    SSL_clear_options(old.client, SSL_OP_NO_RENEGOTIATION);
    assert_true(shake_hands(&old));
    peer_reset(&peer);
    pair_open(&bad, &peer, "new.example.com", "DNS:new.example.com");
    /* Before the new one has shown anything. */
    assert_true(shake_hands_again(&old));
    const struct fetch_peer *f = peer_facts(&peer, FETCH_TLS_ENDED);
    assert_string_equal(f->subject, "");
    assert_string_equal(f->tls, "");
    pair_close(&old);
    pair_close(&bad);
    peer_reset(&peer);
}

static void another_handshake_is_refused(void **state)
{
    struct peer peer = {0};
    struct pair p = {0};

    (void)state;
    peer_reset(&peer);
    pair_open_1_2(&p, &peer);
    assert_true(shake_hands(&p));
    assert_string_equal(peer_facts(&peer, FETCH_OK)->tls, "TLSv1.2");
    assert_false(shake_hands_again(&p));
    pair_close(&p);
    peer_reset(&peer);
}

static void a_wish_for_our_certificate_is_noted(void **state)
{
    struct peer peer = {0};
    struct pair p = {0};

    (void)state;
    peer_reset(&peer);
    pair_open(&p, &peer, "a", "DNS:a");
    SSL_set_verify(p.server, SSL_VERIFY_PEER, NULL); /* It can do without. */
    assert_true(shake_hands(&p));
    assert_true(peer.is_asking);
    pair_close(&p);
    peer_reset(&peer);
    assert_false(peer.is_asking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_certificate_is_shown),
        cmocka_unit_test(a_bad_certificate_is_shown_too),
        cmocka_unit_test(hosts_are_told_when_they_are_what_is_wrong),
        cmocka_unit_test(long_and_odd_names_are_cut_and_kept_printable),
        cmocka_unit_test(
            what_a_connection_says_later_is_not_put_down_to_another),
        cmocka_unit_test(another_handshake_is_refused),
        cmocka_unit_test(a_wish_for_our_certificate_is_noted),
    };

    return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}

/* OpenSSL's X.509 behind our names. */
#include "crypt/client_certificate.h"

#include "base/clock.h"
#include "base/codec.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

static BIO *bio_of(struct str pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);

    if (bio == NULL) {
        oom(pem.len);
    }
    return bio;
}

/* The first certificate; NULL: none. Nobody is asked for a password. */
static X509 *first_of(struct str pem)
{
    static char no_password[] = "";
    BIO *bio = pem.len == 0 ? NULL : bio_of(pem);
    X509 *x =
        bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, no_password);

    BIO_free(bio);
    ERR_clear_error();
    return x;
}

static EVP_PKEY *key_of(struct str pem)
{
    static char no_password[] = "";
    BIO *bio = pem.len == 0 ? NULL : bio_of(pem);
    EVP_PKEY *key = bio == NULL
                        ? NULL
                        : PEM_read_bio_PrivateKey(bio, NULL, NULL, no_password);

    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static int64_t time_us(const ASN1_TIME *t)
{
    struct tm tm = {0};

    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) * US_PER_S : 0;
}

/* Cut to what fits; control characters are escaped by OpenSSL. */
static void put_subject(const X509 *x, char out[CLIENT_CERTIFICATE_NAME_MAX])
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    long len = 0;

    if (bio == NULL) {
        oom(CLIENT_CERTIFICATE_NAME_MAX);
    }
    if (X509_NAME_print_ex(bio, X509_get_subject_name(x), 0, XN_FLAG_RFC2253) >=
        0) {
        len = BIO_get_mem_data(bio, &data);
    }
    if (len < 0) {
        len = 0;
    }
    len = MIN_OF(len, (long)CLIENT_CERTIFICATE_NAME_MAX - 1);
    if (len > 0) {
        memcpy(out, data, (size_t)len);
    }
    out[len] = '\0';
    BIO_free(bio);
}

bool client_certificate_read(struct str pem, int64_t now_us,
                             struct client_certificate *out, struct err *err)
{
    struct client_certificate made = {.expires_us = 0};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int64_t from_us = 0;
    X509 *x = first_of(pem);

    if (x == NULL) {
        return err_set(err, ERR_INVALID,
                       "must be a certificate in PEM form, from its BEGIN "
                       "line to its END line");
    }
    if (X509_digest(x, EVP_sha256(), digest, &len) != 1) {
        oom(sizeof digest);
    }
    hex_write(digest, CLIENT_CERTIFICATE_HEX_LEN / 2, made.fingerprint);
    put_subject(x, made.subject);
    made.expires_us = time_us(X509_get0_notAfter(x));
    from_us = time_us(X509_get0_notBefore(x));
    X509_free(x);
    if (made.expires_us <= now_us) {
        return err_set(err, ERR_INVALID,
                       "must be a certificate that has not "
                       "expired");
    }
    if (from_us > now_us) {
        return err_set(err, ERR_INVALID,
                       "must be a certificate that is valid already");
    }
    *out = made;
    return true;
}

bool client_key_check(struct str certificate_pem, struct str key_pem,
                      struct err *err)
{
    X509 *x = first_of(certificate_pem);
    EVP_PKEY *key = key_of(key_pem);
    bool ok = true;

    if (key == NULL) {
        ok = err_set(err, ERR_INVALID,
                     "must be a private key in PEM form, not encrypted");
    } else if (x != NULL && X509_check_private_key(x, key) != 1) {
        ok = err_set(err, ERR_INVALID,
                     "must be the private key of the certificate");
    }
    EVP_PKEY_free(key);
    X509_free(x);
    ERR_clear_error();
    return ok;
}

bool certificate_is_for(struct str certificate_pem, const char *host)
{
    X509 *x = first_of(certificate_pem);
    bool is = x != NULL && (X509_check_host(x, host, 0, 0, NULL) == 1 ||
                            X509_check_ip_asc(x, host, 0) == 1);

    X509_free(x);
    ERR_clear_error();
    return is;
}

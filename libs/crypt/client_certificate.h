/* A certificate and its private key, by which we say who we are. Pure. */
#ifndef PORTER_CRYPT_CLIENT_CERTIFICATE_H
#define PORTER_CRYPT_CLIENT_CERTIFICATE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdint.h>

#define CLIENT_CERTIFICATE_MAX 16384 /* Bytes of PEM, */
#define CLIENT_KEY_MAX 8192          /* of either. */
#define CLIENT_CERTIFICATE_NAME_MAX 200
#define CLIENT_CERTIFICATE_HEX_LEN 64

struct client_certificate {
    char subject[CLIENT_CERTIFICATE_NAME_MAX];        /* "CN=porter, O=Acme" */
    char fingerprint[CLIENT_CERTIFICATE_HEX_LEN + 1]; /* SHA-256 */
    int64_t expires_us;
};

/* Is it PEM of a certificate (and those between), valid now? ERR_INVALID is
 * what it must be, as "must be …". */
MUST_USE bool client_certificate_read(struct str pem, int64_t now_us,
                                      struct client_certificate *out,
                                      struct err *err);

/* Is it PEM of a private key, not encrypted, and the certificate's? */
MUST_USE bool client_key_check(struct str certificate_pem, struct str key_pem,
                               struct err *err);

/* Is the first certificate good for this host, a name or an address? */
bool certificate_is_for(struct str certificate_pem, const char *host);

#endif

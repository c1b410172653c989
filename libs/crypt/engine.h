/* OpenSSL's algorithms, looked up once: a look-up by name at each use takes a
 * global lock and more time than the digest itself. Inside libs/crypt only.
 * Thread-safe. */
#ifndef PORTER_CRYPT_ENGINE_H
#define PORTER_CRYPT_ENGINE_H

#include "base/macros.h"

#include <openssl/evp.h>
#include <stdbool.h>

struct engine {
    EVP_MD *sha256;
    EVP_CIPHER *aes_256_gcm;
    EVP_MAC_CTX *hmac_sha256; /* To be copied, never used itself. */
};

/* Never NULL; the same for the life of the process. */
const struct engine *engine_get(void);

/* A call that can only fail for want of memory or by a bug of ours has
 * failed: one line on standard error, then abort(), as oom() does. */
void engine_must(bool ok, const char *call);

#endif

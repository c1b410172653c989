/* SHA-256, HMAC, and the two helpers that must not be optimised away. */
#include "crypt/crypt.h"

#include "crypt/engine.h"

#include <assert.h>
#include <openssl/crypto.h>

struct sha256 crypt_sha256(struct str data)
{
    struct sha256 digest;

    engine_must(EVP_Digest(data.data, data.len, digest.bytes, NULL,
                           engine_get()->sha256, NULL) == 1,
                "EVP_Digest");
    return digest;
}

struct sha256 crypt_hmac_sha256(struct str key, struct str data)
{
    return crypt_hmac_sha256_parts(key, &data, 1);
}

struct sha256 crypt_hmac_sha256_parts(struct str key, const struct str *parts,
                                      size_t count)
{
    /* A NULL key would mean "the template's" to OpenSSL. */
    const unsigned char *bytes =
        (const unsigned char *)(key.data != NULL ? key.data : "");
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(engine_get()->hmac_sha256);
    struct sha256 mac;
    size_t len = 0;

    engine_must(ctx != NULL, "EVP_MAC_CTX_dup");
    engine_must(EVP_MAC_init(ctx, bytes, key.len, NULL) == 1, "EVP_MAC_init");
    for (size_t i = 0; i < count; i++) {
        engine_must(EVP_MAC_update(ctx, (const unsigned char *)parts[i].data,
                                   parts[i].len) == 1,
                    "EVP_MAC_update");
    }
    engine_must(EVP_MAC_final(ctx, mac.bytes, &len, sizeof mac.bytes) == 1,
                "EVP_MAC_final");
    assert(len == SHA256_BYTES);
    EVP_MAC_CTX_free(ctx);
    return mac;
}

bool crypt_equal(struct str a, struct str b)
{
    return a.len == b.len &&
           (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}

void crypt_wipe(void *p, size_t len)
{
    if (p != NULL) {
        OPENSSL_cleanse(p, len);
    }
}

/* SHA-256, HMAC, and the two helpers that must not be optimised away. */
#include "crypt/crypt.h"

#include "crypt/engine.h"

#include <assert.h>
#include <limits.h>
#include <openssl/crypto.h>

#define GMAC_BYTES 16
#define NONCE_BYTES 12

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

/* GMAC: what AES-GCM makes of text that is only authenticated. Under one nonce
 * for all it would give its key away bit by bit, so nobody gets to see it: HMAC
 * has the last word. */
struct sha256 crypt_fingerprint(const struct sha256 *key, struct str data)
{
    static const uint8_t nonce[NONCE_BYTES];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t gmac[GMAC_BYTES];
    int len = 0;

    assert(data.len <= INT_MAX);
    engine_must(ctx != NULL, "EVP_CIPHER_CTX_new");
    engine_must(EVP_EncryptInit_ex2(ctx, engine_get()->aes_256_gcm, key->bytes,
                                    nonce, NULL) == 1,
                "EVP_EncryptInit_ex2");
    if (data.len > 0) {
        engine_must(EVP_EncryptUpdate(ctx, NULL, &len,
                                      (const unsigned char *)data.data,
                                      (int)data.len) == 1,
                    "EVP_EncryptUpdate");
    }
    engine_must(EVP_EncryptFinal_ex(ctx, gmac, &len) == 1,
                "EVP_EncryptFinal_ex");
    engine_must(
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, sizeof gmac, gmac) == 1,
        "EVP_CTRL_AEAD_GET_TAG");
    EVP_CIPHER_CTX_free(ctx);
    return crypt_hmac_sha256(
        (struct str){(const char *)key->bytes, sizeof key->bytes},
        (struct str){(const char *)gmac, sizeof gmac});
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

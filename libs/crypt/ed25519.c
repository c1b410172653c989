/* OpenSSL's Ed25519 behind our names. */
#include "crypt/ed25519.h"

#include "base/err.h"
#include "crypt/engine.h"

#include <assert.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

struct ed25519_keys {
    size_t count;
    bool is_private[ED25519_KEYS_MAX];
    EVP_PKEY *list[ED25519_KEYS_MAX];
};

/* --- reading ----------------------------------------------------------------
 */

/* One block of PEM; NULL when it is no key that is meant here. */
static EVP_PKEY *read_block(const char *name, const unsigned char *data,
                            long len, bool *is_private)
{
    EVP_PKEY *key = NULL;

    *is_private = strcmp(name, PEM_STRING_PKCS8INF) == 0;
    if (*is_private) {
        key = d2i_AutoPrivateKey(NULL, &data, len);
    } else if (strcmp(name, PEM_STRING_PUBLIC) == 0) {
        key = d2i_PUBKEY(NULL, &data, len);
    }
    if (key != NULL && EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

/* The next block; *is_end when there is none. */
static bool read_next(BIO *file, struct ed25519_keys *keys, bool *is_end,
                      struct err *err)
{
    char *name = NULL;
    char *header = NULL;
    unsigned char *data = NULL;
    long len = 0;
    EVP_PKEY *key = NULL;
    bool is_private = false;

    if (PEM_read_bio(file, &name, &header, &data, &len) != 1) {
        *is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        return *is_end ||
               err_set(err, ERR_INVALID, "block %zu is cut or broken",
                       keys->count + 1);
    }
    key = read_block(name, data, len, &is_private);
    OPENSSL_cleanse(data, (size_t)len);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    if (key == NULL) {
        return err_set(err, ERR_INVALID,
                       "block %zu is no Ed25519 key: PRIVATE KEY (not "
                       "encrypted) or PUBLIC KEY",
                       keys->count + 1);
    }
    if (keys->count == ED25519_KEYS_MAX) {
        EVP_PKEY_free(key);
        return err_set(err, ERR_INVALID, "over %d keys", ED25519_KEYS_MAX);
    }
    keys->is_private[keys->count] = is_private;
    keys->list[keys->count++] = key;
    return true;
}

bool ed25519_load(const char *path, struct ed25519_keys **out, struct err *err)
{
    BIO *file = BIO_new_file(path, "r");
    struct ed25519_keys *keys = NULL;
    bool is_end = false;
    bool ok = true;

    if (file == NULL) {
        ERR_clear_error();
        return err_set(err, ERR_INVALID, "can't be read");
    }
    keys = mem_zero(1, sizeof(*keys));
    while (ok && !is_end) {
        ok = read_next(file, keys, &is_end, err);
    }
    BIO_free(file);
    ERR_clear_error(); /* The end of the file is one to OpenSSL. */
    if (ok && keys->count == 0) {
        ok = err_set(err, ERR_INVALID, "holds no PEM block");
    }
    if (ok) {
        *out = keys;
    } else {
        ed25519_free(keys);
    }
    return ok;
}

void ed25519_free(struct ed25519_keys *keys)
{
    for (size_t i = 0; keys != NULL && i < keys->count; i++) {
        EVP_PKEY_free(keys->list[i]);
    }
    free(keys);
}

/* --- using ------------------------------------------------------------------
 */

size_t ed25519_count(const struct ed25519_keys *keys)
{
    return keys == NULL ? 0 : keys->count;
}

void ed25519_public(const struct ed25519_keys *keys, size_t i,
                    uint8_t out[ED25519_PUBLIC_BYTES])
{
    size_t len = ED25519_PUBLIC_BYTES;

    assert(i < keys->count);
    engine_must(EVP_PKEY_get_raw_public_key(keys->list[i], out, &len) == 1 &&
                    len == ED25519_PUBLIC_BYTES,
                "EVP_PKEY_get_raw_public_key");
}

bool ed25519_can_sign(const struct ed25519_keys *keys)
{
    return ed25519_count(keys) > 0 && keys->is_private[0];
}

void ed25519_sign(const struct ed25519_keys *keys, struct str data,
                  uint8_t out[ED25519_SIGNATURE_BYTES])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = ED25519_SIGNATURE_BYTES;

    assert(ed25519_can_sign(keys));
    engine_must(ctx != NULL, "EVP_MD_CTX_new");
    engine_must(EVP_DigestSignInit(ctx, NULL, NULL, NULL, keys->list[0]) == 1,
                "EVP_DigestSignInit");
    engine_must(EVP_DigestSign(ctx, out, &len, (const unsigned char *)data.data,
                               data.len) == 1 &&
                    len == ED25519_SIGNATURE_BYTES,
                "EVP_DigestSign");
    EVP_MD_CTX_free(ctx);
}

static bool verify_one(EVP_PKEY *key, struct str data, struct str signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = false;

    engine_must(ctx != NULL, "EVP_MD_CTX_new");
    engine_must(EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1,
                "EVP_DigestVerifyInit");
    ok = EVP_DigestVerify(ctx, (const unsigned char *)signature.data,
                          signature.len, (const unsigned char *)data.data,
                          data.len) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

bool ed25519_verify(const struct ed25519_keys *keys, struct str data,
                    struct str signature)
{
    for (size_t i = 0; i < ed25519_count(keys); i++) {
        if (signature.len == ED25519_SIGNATURE_BYTES &&
            verify_one(keys->list[i], data, signature)) {
            return true;
        }
    }
    return false;
}

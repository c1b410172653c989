/* Fetching OpenSSL's algorithms. */
#include "crypt/engine.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct engine engine;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void engine_must(bool ok, const char *call)
{
    if (!ok) {
        (void)fprintf(stderr,
                      "{\"event\":\"process.openssl_failed\","
                      "\"call\":\"%s\"}\n",
                      call);
        abort();
    }
}

/* The template has a key of its own because an empty context can't be
 * copied; every user sets the real one. */
static EVP_MAC_CTX *hmac_template(void)
{
    char digest[] = "SHA256";
    const unsigned char key[1] = {0};
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);

    engine_must(mac != NULL && ctx != NULL, "EVP_MAC_fetch");
    engine_must(EVP_MAC_init(ctx, key, sizeof key, params) == 1,
                "EVP_MAC_init");
    EVP_MAC_free(mac); /* The context holds its own reference. */
    return ctx;
}

static void fetch(void)
{
    engine.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    engine.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    engine_must(engine.sha256 != NULL && engine.aes_256_gcm != NULL,
                "EVP_MD_fetch");
    engine.hmac_sha256 = hmac_template();
}

const struct engine *engine_get(void)
{
    (void)pthread_once(&once, fetch);
    return &engine;
}

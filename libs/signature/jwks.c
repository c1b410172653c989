/* A key's name is its thumbprint (RFC 7638), so it is the same wherever the key
 * is written down. */
#include "signature/jwks.h"

#include "base/codec.h"
#include "crypt/crypt.h"
#include "json/json.h"

static void add(struct json_writer *w, const char *name, struct str value)
{
    json_key(w, str_of(name));
    json_add_text(w, value);
}

static void add_key(const struct ed25519_keys *keys, size_t i,
                    struct json_writer *w)
{
    uint8_t bytes[ED25519_PUBLIC_BYTES];
    struct buf x = BUF_EMPTY;
    struct buf canonical = BUF_EMPTY;
    struct buf name = BUF_EMPTY;
    struct sha256 hash;

    ed25519_public(keys, i, bytes);
    base64url_add(&x, bytes, sizeof bytes);
    buf_addf(&canonical, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}",
             buf_cstr(&x));
    hash = crypt_sha256(buf_str(&canonical));
    base64url_add(&name, hash.bytes, sizeof hash.bytes);
    json_object_begin(w);
    add(w, "kty", STR("OKP"));
    add(w, "crv", STR("Ed25519"));
    add(w, "x", buf_str(&x));
    add(w, "kid", buf_str(&name));
    add(w, "use", STR("sig"));
    add(w, "alg", STR("EdDSA"));
    json_object_end(w);
    buf_free(&x);
    buf_free(&canonical);
    buf_free(&name);
}

void jwks_write(const struct ed25519_keys *keys, struct buf *out)
{
    struct json_writer w = json_writer(out);

    json_object_begin(&w);
    json_key(&w, STR("keys"));
    json_array_begin(&w);
    for (size_t i = 0; i < ed25519_count(keys); i++) {
        add_key(keys, i, &w);
    }
    json_array_end(&w);
    json_object_end(&w);
}

/* The last thing that happens to a request before it leaves, at every attempt
 * anew (the timestamp is signed). */
#include "signature/sign.h"

#include "base/codec.h"
#include "crypt/crypt.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

void sign_body(struct str secret, struct str body, char out[SIGN_HEX_LEN + 1])
{
    assert(secret.len > 0);

    struct sha256 mac = crypt_hmac_sha256(secret, body);
    hex_write(mac.bytes, sizeof mac.bytes, out);
}

bool sign_key(struct str secret, uint8_t *key, size_t *len)
{
    const struct str prefix = STR(SIGN_SECRET_PREFIX);

    if (str_starts(secret, prefix)) {
        secret.data += prefix.len;
        secret.len -= prefix.len;
    }
    return base64_read(secret, key, SIGN_KEY_MAX, len) && *len > 0;
}

bool sign_standard(struct str secret, struct str id, int64_t timestamp_s,
                   struct str body, struct buf *out, struct err *err)
{
    uint8_t key[SIGN_KEY_MAX];
    char timestamp[24];
    size_t key_len = 0;

    if (!sign_key(secret, key, &key_len)) {
        return err_set(err, ERR_INTERNAL,
                       "The webhook's secret is not whsec_ and base64.");
    }
    int len =
        snprintf(timestamp, sizeof timestamp, ".%" PRId64 ".", timestamp_s);
    assert(len > 0);
    const struct str parts[] = {id, {timestamp, (size_t)len}, body};
    struct sha256 mac = crypt_hmac_sha256_parts(
        (struct str){(const char *)key, key_len}, parts, COUNT_OF(parts));
    BUF_ADD(out, "v1,");
    base64_add(out, mac.bytes, sizeof mac.bytes);
    crypt_wipe(key, sizeof key);
    return true;
}

void sign_public(const struct ed25519_keys *keys, struct str id,
                 int64_t timestamp_s, struct str body, struct buf *out)
{
    uint8_t signature[ED25519_SIGNATURE_BYTES];
    struct buf text = BUF_EMPTY; /* Ed25519 goes over it twice. */

    buf_reserve(&text, id.len + body.len + 24);
    buf_add(&text, id);
    buf_addf(&text, ".%" PRId64 ".", timestamp_s);
    buf_add(&text, body);
    ed25519_sign(keys, buf_str(&text), signature);
    BUF_ADD(out, "v1a,");
    base64_add(out, signature, sizeof signature);
    buf_free(&text);
}

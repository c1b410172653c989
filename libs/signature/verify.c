/* Compared in constant time: a difference must not tell how far it is off. */
#include "signature/verify.h"

#include "base/codec.h"
#include "crypt/crypt.h"
#include "signature/sign.h"

#define PUBLIC_VERSION "v1a,"

bool verify_porter(struct str secret, struct str body, struct str signature)
{
    char hex[SIGN_HEX_LEN + 1];

    if (secret.len == 0) {
        return false;
    }
    sign_body(secret, body, hex);
    return crypt_equal(str_of(hex), signature);
}

static bool is_fresh(struct str timestamp, int64_t now_s)
{
    uint64_t sent_s = 0;

    if (!str_to_u64(timestamp, INT64_MAX / 2, &sent_s)) {
        return false;
    }
    return (int64_t)sent_s >= now_s - VERIFY_TOLERANCE_S &&
           (int64_t)sent_s <= now_s + VERIFY_TOLERANCE_S;
}

static bool is_among(struct str signatures, const struct sha256 *mac)
{
    const struct str version = STR("v1,");
    struct str one = STR_NONE;

    while (str_split(&signatures, ' ', &one)) {
        uint8_t sent[SHA256_BYTES];
        size_t len = 0;

        if (str_starts(one, version) &&
            base64_read(
                (struct str){one.data + version.len, one.len - version.len},
                sent, sizeof(sent), &len) &&
            crypt_equal((struct str){(char *)sent, len},
                        (struct str){(const char *)mac->bytes, SHA256_BYTES})) {
            return true;
        }
    }
    return false;
}

bool verify_signed(struct str secret, struct str id, struct str timestamp,
                   struct str body, struct str signatures)
{
    const struct str parts[] = {id, STR("."), timestamp, STR("."), body};
    uint8_t key[SIGN_KEY_MAX];
    size_t key_len = 0;
    struct sha256 mac;

    if (!str_starts(secret, STR(SIGN_SECRET_PREFIX)) ||
        !sign_key(secret, key, &key_len)) {
        return false;
    }
    mac = crypt_hmac_sha256_parts((struct str){(char *)key, key_len}, parts,
                                  COUNT_OF(parts));
    crypt_wipe(key, sizeof key);
    return is_among(signatures, &mac);
}

bool verify_standard(struct str secret, struct str id, struct str timestamp,
                     struct str body, struct str signatures, int64_t now_s)
{
    return is_fresh(timestamp, now_s) &&
           verify_signed(secret, id, timestamp, body, signatures);
}

/* The next entry of the kind v1a, without its name. */
static bool next_public(struct str *signatures, struct str *one)
{
    const struct str version = STR(PUBLIC_VERSION);

    while (str_split(signatures, ' ', one)) {
        if (str_starts(*one, version)) {
            one->data += version.len;
            one->len -= version.len;
            return true;
        }
    }
    return false;
}

bool verify_has_public(struct str signatures)
{
    struct str one = STR_NONE;

    return next_public(&signatures, &one);
}

bool verify_public(const struct ed25519_keys *keys, struct str id,
                   struct str timestamp, struct str body, struct str signatures)
{
    struct buf text = BUF_EMPTY;
    struct str one = STR_NONE;
    bool ok = false;

    buf_add(&text, id);
    buf_add_char(&text, '.');
    buf_add(&text, timestamp);
    buf_add_char(&text, '.');
    buf_add(&text, body);
    while (!ok && next_public(&signatures, &one)) {
        uint8_t sent[ED25519_SIGNATURE_BYTES];
        size_t len = 0;

        ok = base64_read(one, sent, sizeof sent, &len) &&
             ed25519_verify(keys, buf_str(&text),
                            (struct str){(char *)sent, len});
    }
    buf_free(&text);
    return ok;
}

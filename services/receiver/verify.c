/* Compared in constant time: a difference must not tell how far it is off. */
#include "receiver/verify.h"

#include "base/codec.h"
#include "crypt/crypt.h"

#define SECRET_BYTES_MAX 256

bool verify_porter(struct str secret, struct str body, struct str signature)
{
    struct sha256 mac = crypt_hmac_sha256(secret, body);
    char hex[2 * SHA256_BYTES + 1];

    hex_write(mac.bytes, sizeof(mac.bytes), hex);
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

bool verify_standard(struct str secret, struct str id, struct str timestamp,
                     struct str body, struct str signatures, int64_t now_s)
{
    const struct str parts[] = {id, STR("."), timestamp, STR("."), body};
    const struct str prefix = STR("whsec_");
    uint8_t key[SECRET_BYTES_MAX];
    size_t key_len = 0;
    struct str one = STR_NONE;
    struct sha256 mac;

    if (!str_starts(secret, prefix) || !is_fresh(timestamp, now_s) ||
        !base64_read(
            (struct str){secret.data + prefix.len, secret.len - prefix.len},
            key, sizeof(key), &key_len)) {
        return false;
    }
    mac = crypt_hmac_sha256_parts((struct str){(char *)key, key_len}, parts,
                                  COUNT_OF(parts));
    while (str_split(&signatures, ' ', &one)) {
        uint8_t sent[SHA256_BYTES];
        size_t len = 0;
        if (str_starts(one, STR("v1,")) &&
            base64_read((struct str){one.data + 3, one.len - 3}, sent,
                        sizeof(sent), &len) &&
            crypt_equal((struct str){(char *)sent, len},
                        (struct str){(char *)mac.bytes, SHA256_BYTES})) {
            return true;
        }
    }
    return false;
}

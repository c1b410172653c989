/* What we need of OpenSSL. Pure but for the random nonce; thread-safe. */
#ifndef PORTER_CRYPT_CRYPT_H
#define PORTER_CRYPT_CRYPT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdint.h>

#define SHA256_BYTES 32

struct sha256 {
    uint8_t bytes[SHA256_BYTES];
};

struct sha256 crypt_sha256(struct str data);
struct sha256 crypt_hmac_sha256(struct str key, struct str data);

/* HMAC over several pieces, as if joined. */
struct sha256 crypt_hmac_sha256_parts(struct str key, const struct str *parts,
                                      size_t count);

/* To tell texts apart, some times cheaper than SHA-256 for long ones. Who does
 * not know the key can't make two texts alike. */
struct sha256 crypt_fingerprint(const struct sha256 *key, struct str data);

/* Equal, in time that does not depend on where they differ. */
bool crypt_equal(struct str a, struct str b);

/* Overwrite so that the compiler keeps it. */
void crypt_wipe(void *p, size_t len);

/* AES-256-GCM with a named key: what webhook secrets are stored as. The form
 * is: version byte 1, key id length, key id, 12-byte nonce, ciphertext, tag.
 * `context` is authenticated but not stored (the row's id), so a sealed value
 * can't be moved to another row. */
struct seal_key {
    char id[33]; /* 1..32 characters of [a-z0-9-] */
    uint8_t bytes[32];
};

/* "id:base64-of-32-bytes", several separated by commas: the first seals, all
 * open. ERR_INVALID says what is wrong without showing the value. */
#define SEAL_KEYS_MAX 8
struct seal_keys {
    size_t count;
    struct seal_key list[SEAL_KEYS_MAX];
};
MUST_USE bool seal_keys_read(struct str text, struct seal_keys *out,
                             struct err *err);

void seal_close(const struct seal_keys *keys, struct str plain,
                struct str context, struct buf *out);
/* ERR_INTERNAL when the key is unknown or the tag does not fit. */
MUST_USE bool seal_open(const struct seal_keys *keys, struct str sealed,
                        struct str context, struct buf *out, struct err *err);

/* The id of the key that sealed it; STR_NONE: it is no sealed value. */
struct str seal_key_id(struct str sealed);

/* Is there a key of this id? */
bool seal_key_is_known(const struct seal_keys *keys, struct str id);

/* What every value begins with that the first key seals, appended. */
void seal_head(const struct seal_keys *keys, struct buf *out);

/* A password as scrypt with a new salt, appended:
 * "$scrypt$ln=15,r=8,p=1$salt$hash". Takes 32 MiB and about 80 ms. */
void crypt_password_hash(struct str password, struct buf *out);

/* Is it the password? False also for a hash of another form. */
bool crypt_password_verify(struct str password, struct str stored);

/* The same work when there is nothing to compare with, so that the time tells
 * nobody. */
void crypt_password_pretend(struct str password);

#endif

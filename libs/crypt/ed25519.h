/* Ed25519 (RFC 8032): signatures that anybody may check who has the public key.
 * Pure once the keys are read; thread-safe. */
#ifndef PORTER_CRYPT_ED25519_H
#define PORTER_CRYPT_ED25519_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdint.h>

#define ED25519_KEYS_MAX 4
#define ED25519_PUBLIC_BYTES 32
#define ED25519_SIGNATURE_BYTES 64

struct ed25519_keys;

/* The keys of a PEM file, in its order: PRIVATE KEY (PKCS#8, not encrypted) or
 * PUBLIC KEY blocks; at least one. ERR_INVALID says what is wrong without
 * showing anything of the file. */
MUST_USE bool ed25519_load(const char *path, struct ed25519_keys **out,
                           struct err *err);
void ed25519_free(struct ed25519_keys *keys); /* Accepts NULL. */

size_t ed25519_count(const struct ed25519_keys *keys); /* NULL: 0 */

void ed25519_public(const struct ed25519_keys *keys, size_t i,
                    uint8_t out[ED25519_PUBLIC_BYTES]);

/* Is the first key a private one? */
bool ed25519_can_sign(const struct ed25519_keys *keys);

/* With the first key, which must be a private one. */
void ed25519_sign(const struct ed25519_keys *keys, struct str data,
                  uint8_t out[ED25519_SIGNATURE_BYTES]);

/* Did any of the keys sign it? */
bool ed25519_verify(const struct ed25519_keys *keys, struct str data,
                    struct str signature);

#endif

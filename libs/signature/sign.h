/* Signatures of a webhook request, all schemes (docs/webhooks.md). Pure. */
#ifndef PORTER_SIGNATURE_SIGN_H
#define PORTER_SIGNATURE_SIGN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "crypt/ed25519.h"

#include <stdint.h>

#define SIGN_SECRET_PREFIX "whsec_"
#define SIGN_HEX_LEN 64
#define SIGN_KEY_MAX 128 /* Bytes that a secret's base64 may stand for. */

/* The bytes that the secret holds after whsec_, base64 decoded: room for
 * SIGN_KEY_MAX. False when it is not of that form. */
MUST_USE bool sign_key(struct str secret, uint8_t *key, size_t *len);

/* X-Porter-Signature: hex HMAC-SHA256 of the raw body; the key is the secret's
 * text as it stands, whsec_ and all. */
void sign_body(struct str secret, struct str body, char out[SIGN_HEX_LEN + 1]);

/* webhook-signature (Standard Webhooks): appends "v1,<base64>" of
 * "id.timestamp.body"; the key is sign_key's. ERR_INTERNAL when the secret is
 * not of that form. */
MUST_USE bool sign_standard(struct str secret, struct str id,
                            int64_t timestamp_s, struct str body,
                            struct buf *out, struct err *err);

/* The same with a private key, for who has the public one: appends
 * "v1a,<base64>". The first key must be a private one. */
void sign_public(const struct ed25519_keys *keys, struct str id,
                 int64_t timestamp_s, struct str body, struct buf *out);

#endif

/* The public keys that signatures of the kind v1a are checked with, as a JSON
 * Web Key Set (RFC 7517, RFC 8037). Pure. */
#ifndef PORTER_SIGNATURE_JWKS_H
#define PORTER_SIGNATURE_JWKS_H

#include "base/buf.h"
#include "crypt/ed25519.h"

/* Appended; NULL gives an empty set. */
void jwks_write(const struct ed25519_keys *keys, struct buf *out);

#endif

/* Is this webhook from Porter? What every receiver must ask first, over the
 * body's raw bytes, before parsing anything. Pure. */
#ifndef PORTER_SIGNATURE_VERIFY_H
#define PORTER_SIGNATURE_VERIFY_H

#include "base/macros.h"
#include "base/str.h"
#include "crypt/ed25519.h"

#include <stdbool.h>
#include <stdint.h>

/* Older or younger webhook-timestamps are refused: a recorded request can't be
 * played again later. */
#define VERIFY_TOLERANCE_S 300

/* X-Porter-Signature: hex HMAC-SHA256 of the body; the key is the secret as it
 * is shown ("whsec_…"). */
MUST_USE bool verify_porter(struct str secret, struct str body,
                            struct str signature);

/* Standard Webhooks, but for the time: `signatures` holds "v1,<base64>" entries
 * separated by blanks, one of which must be the HMAC-SHA256 of
 * "id.timestamp.body"; the key is what the secret's base64 stands for. */
MUST_USE bool verify_signed(struct str secret, struct str id,
                            struct str timestamp, struct str body,
                            struct str signatures);

/* The same, and the timestamp is within the tolerance of now. */
MUST_USE bool verify_standard(struct str secret, struct str id,
                              struct str timestamp, struct str body,
                              struct str signatures, int64_t now_s);

/* Has the header an entry of the kind v1a ("v1a,<base64>")? */
bool verify_has_public(struct str signatures);

/* Is one of them made by one of these public keys? Again but for the time. */
MUST_USE bool verify_public(const struct ed25519_keys *keys, struct str id,
                            struct str timestamp, struct str body,
                            struct str signatures);

#endif

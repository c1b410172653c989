/* One-time codes of authenticators: TOTP (RFC 6238) with HMAC-SHA-1, six digits
 * and steps of 30 s, which is what all of them do. Time is a parameter. Pure.
 */
#ifndef PORTER_CRYPT_TOTP_H
#define PORTER_CRYPT_TOTP_H

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdint.h>

#define TOTP_SECRET_BYTES 20 /* As RFC 4226 wants: SHA-1's own size. */
#define TOTP_STEP_S 30
#define TOTP_DIGITS 6
#define TOTP_DRIFT 1 /* Steps that a clock may be off, either way. */

/* The code of a step: 0 to 10^digits - 1; digits is at most 9. */
uint32_t totp_code(struct str secret, int64_t step, unsigned digits);

/* Is it the code of now, or of a step beside it? *step is which, so that it can
 * be refused a second time. */
MUST_USE bool totp_check(struct str secret, struct str code, int64_t now_us,
                         int64_t *step);

/* Base32 (RFC 4648, 6) without padding, appended: how secrets are typed in. */
void totp_write_secret(struct str secret, struct buf *out);

#endif

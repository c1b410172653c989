/* HMAC-SHA-1 of the step's number, cut down to some digits. */
#include "crypt/totp.h"

#include "base/clock.h"
#include "crypt/crypt.h"
#include "crypt/engine.h"

#include <assert.h>
#include <endian.h>
#include <openssl/hmac.h>
#include <stdio.h>

#define SHA1_BYTES 20
#define DIGITS_MAX 9

/* RFC 4226, 5.3. */
uint32_t totp_code(struct str secret, int64_t step, unsigned digits)
{
    const uint64_t counter = htobe64((uint64_t)step);
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    uint32_t modulus = 1;
    uint32_t n = 0;

    assert(digits <= DIGITS_MAX);
    engine_must(HMAC(EVP_sha1(), secret.data, (int)secret.len,
                     (const unsigned char *)&counter, sizeof counter, mac,
                     &len) != NULL &&
                    len == SHA1_BYTES,
                "HMAC");
    for (unsigned i = 0; i < digits; i++) {
        modulus *= 10;
    }
    for (unsigned i = 0; i < 4; i++) {
        n = n << 8 | mac[(mac[SHA1_BYTES - 1] & 15) + i];
    }
    crypt_wipe(mac, sizeof mac);
    return (n & 0x7fffffffU) % modulus;
}

bool totp_check(struct str secret, struct str code, int64_t now_us,
                int64_t *step)
{
    const int64_t now = now_us / US_PER_S / TOTP_STEP_S;
    bool found = false;

    for (int64_t i = now - TOTP_DRIFT; i <= now + TOTP_DRIFT; i++) {
        char text[DIGITS_MAX + 2];

        (void)snprintf(text, sizeof text, "%0*u", TOTP_DIGITS,
                       totp_code(secret, i, TOTP_DIGITS));
        if (crypt_equal(str_of(text), code)) { /* All are always tried. */
            *step = i;
            found = true;
        }
    }
    return found;
}

void totp_write_secret(struct str secret, struct buf *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint32_t bits = 0;
    unsigned count = 0;

    for (size_t i = 0; i < secret.len; i++) {
        bits = bits << 8 | (uint8_t)secret.data[i];
        for (count += 8; count >= 5; count -= 5) {
            buf_add_char(out, letters[bits >> (count - 5) & 31]);
        }
    }
    if (count > 0) {
        buf_add_char(out, letters[bits << (5 - count) & 31]);
    }
}

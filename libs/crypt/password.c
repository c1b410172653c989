/* Passwords: scrypt, in a form that carries its own parameters. */
#include "crypt/crypt.h"

#include "base/codec.h"
#include "base/random.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>

/* 2^15 * 8 * 128 = 32 MiB and about 80 ms: OWASP's second choice. Stored with
 * the hash, so that they can be raised later. */
#define COST_LOG2 15U
#define COST_LOG2_MAX 18U
#define BLOCK 8U
#define PARALLEL 1U
#define MEMORY_MAX (1ULL << 29)

#define SALT_BYTES 16
#define HASH_BYTES 32

static bool derive(struct str password, const uint8_t salt[SALT_BYTES],
                   uint64_t log2_cost, uint8_t out[HASH_BYTES])
{
    return EVP_PBE_scrypt(password.data == NULL ? "" : password.data,
                          password.len, salt, SALT_BYTES, 1ULL << log2_cost,
                          BLOCK, PARALLEL, MEMORY_MAX, out, HASH_BYTES) == 1;
}

void crypt_password_hash(struct str password, struct buf *out)
{
    uint8_t salt[SALT_BYTES];
    uint8_t hash[HASH_BYTES];
    bool ok = false;

    random_bytes(salt, sizeof salt);
    ok = derive(password, salt, COST_LOG2, hash);
    if (!ok) {
        oom(1U << 25); /* The only way it fails with our own parameters. */
    }
    buf_addf(out, "$scrypt$ln=%u,r=%u,p=%u$", COST_LOG2, BLOCK, PARALLEL);
    base64_add(out, salt, sizeof salt);
    buf_add_char(out, '$');
    base64_add(out, hash, sizeof hash);
    crypt_wipe(hash, sizeof hash);
}

/* "ln=15,r=8,p=1": we only ever wrote these r and p. */
static bool read_cost(struct str text, uint64_t *log2_cost)
{
    struct str part = STR_NONE;

    if (!str_split(&text, ',', &part) || !str_starts(part, STR("ln=")) ||
        !str_eq(text, STR("r=8,p=1"))) {
        return false;
    }
    part.data += 3;
    part.len -= 3;
    return str_to_u64(part, COST_LOG2_MAX, log2_cost) && *log2_cost >= 1;
}

bool crypt_password_verify(struct str password, struct str stored)
{
    struct str nothing = STR_NONE, scheme = STR_NONE, cost = STR_NONE;
    struct str salt_text = STR_NONE;
    uint8_t salt[SALT_BYTES];
    uint8_t want[HASH_BYTES];
    uint8_t got[HASH_BYTES];
    size_t salt_len = 0;
    size_t want_len = 0;
    uint64_t log2_cost = 0;

    if (!str_split(&stored, '$', &nothing) ||
        !str_split(&stored, '$', &scheme) || !str_split(&stored, '$', &cost) ||
        !str_split(&stored, '$', &salt_text) || nothing.len != 0 ||
        !str_eq(scheme, STR("scrypt")) || !read_cost(cost, &log2_cost) ||
        !base64_read(salt_text, salt, sizeof salt, &salt_len) ||
        salt_len != sizeof salt ||
        !base64_read(stored, want, sizeof want, &want_len) ||
        want_len != sizeof want) {
        return false;
    }
    return derive(password, salt, log2_cost, got) &&
           crypt_equal((struct str){(const char *)got, sizeof got},
                       (struct str){(const char *)want, sizeof want});
}

void crypt_password_pretend(struct str password)
{
    static const uint8_t salt[SALT_BYTES] = {0};
    uint8_t hash[HASH_BYTES];

    if (!derive(password, salt, COST_LOG2, hash)) {
        oom(1U << 25);
    }
    crypt_wipe(hash, sizeof hash);
}

/* Words that very many visitors have, by process: 64 KiB of numbers. */
#include "store/frequent.h"

#include "base/macros.h"
#include "crypt/crypt.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#define WORDS_MAX 4

static _Atomic uint64_t places[FREQUENT_MAX]; /* 0: free */

uint64_t frequent_key(struct id org_id, const struct str *words, size_t count)
{
    uint64_t lengths[WORDS_MAX];
    struct str parts[2 * WORDS_MAX];
    struct sha256 digest;
    uint64_t key = 0;

    assert(count <= WORDS_MAX);
    for (size_t i = 0; i < count; i++) {
        lengths[i] = words[i].data == NULL ? UINT64_MAX : words[i].len;
        parts[2 * i] =
            (struct str){(const char *)&lengths[i], sizeof lengths[i]};
        parts[2 * i + 1] = words[i];
    }
    digest = crypt_hmac_sha256_parts(
        (struct str){(const char *)org_id.bytes, sizeof org_id.bytes}, parts,
        2 * count);
    memcpy(&key, digest.bytes, sizeof key);
    return key == 0 ? 1 : key;
}

bool frequent_has(uint64_t key)
{
    return atomic_load_explicit(&places[key % FREQUENT_MAX],
                                memory_order_relaxed) == key;
}

void frequent_add(uint64_t key)
{
    atomic_store_explicit(&places[key % FREQUENT_MAX], key,
                          memory_order_relaxed);
}

/* getrandom, in whole. */
#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *out, size_t len)
{
    char *at = out;

    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            abort();
        }
        at += n;
        len -= (size_t)n;
    }
}

uint64_t random_below(uint64_t below)
{
    uint64_t n = 0;
    uint64_t whole = 0;

    assert(below > 0);
    whole = UINT64_MAX - UINT64_MAX % below;
    do {
        random_bytes(&n, sizeof n);
    } while (n >= whole);
    return n % below;
}

double random_unit(void)
{
    uint64_t n = 0;

    random_bytes(&n, sizeof n);
    return (double)(n >> 11) / 9007199254740992.0; /* 2^53 */
}

/* getrandom, in whole; no service forks, so a supply is never shared. */
#include "base/random.h"

#include "base/macros.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Small asks are served from a thread's own supply, so that an id does not
 * cost a system call. What was handed out is wiped from it at once. */
#define SUPPLY_BYTES 512
#define SMALL_BYTES 64

static void read_kernel(void *out, size_t len)
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

void random_bytes(void *out, size_t len)
{
    static THREAD_LOCAL unsigned char supply[SUPPLY_BYTES];
    static THREAD_LOCAL size_t left;

    if (len > SMALL_BYTES) {
        read_kernel(out, len);
        return;
    }
    if (left < len) {
        read_kernel(supply, sizeof supply);
        left = sizeof supply;
    }
    left -= len;
    memcpy(out, supply + left, len);
    explicit_bzero(supply + left, len);
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

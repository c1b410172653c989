/* Times from outside: what is read is written and read again as the same
 * moment, to the millisecond. */
#include "base/rfc3339.h"

#include "base/clock.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[RFC3339_LEN + 1];
    int64_t us = 0;
    int64_t again = 0;
    int64_t ms = 0;

    if (!rfc3339_read((struct str){(const char *)data, size}, &us)) {
        return 0;
    }
    rfc3339_write(us, text);
    if (!rfc3339_read(str_of(text), &again)) {
        assert(false); /* What we write we read. */
    }
    ms = us / US_PER_MS - (us % US_PER_MS < 0);
    assert(again == ms * US_PER_MS);
    return 0;
}

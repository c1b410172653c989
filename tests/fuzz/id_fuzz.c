/* Ids from outside: what is read is written as the very same text, and no
 * text is an id of two kinds. */
#include "base/id.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str s = {(const char *)data, size};
    unsigned kinds = 0;

    for (int kind = 0; kind < ID_KIND_COUNT; kind++) {
        struct id id;

        if (id_read((enum id_kind)kind, s, &id)) {
            struct id_text text = id_text((enum id_kind)kind, id);

            assert(str_eq(str_of(text.data), s));
            kinds++;
        }
    }
    assert(kinds <= 1);
    if (size >= 32) {
        struct id a;
        struct id b;

        memcpy(a.bytes, data, sizeof a.bytes);
        memcpy(b.bytes, data + 16, sizeof b.bytes);
        assert(id_eq(id_pair(a, b), id_pair(a, b)));
        assert(id_time_us(id_pair(a, b)) == id_time_us(a));
    }
    return 0;
}

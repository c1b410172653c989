/* No bytes but ours are a cursor; and what we write, we read. */
#include "gateway/page.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str given = {(const char *)data, size};
    struct page_binding binding =
        page_binding(STR("visitors"), (struct id){{1}}, STR(""));
    struct arena *arena = arena_new(4096);
    struct page_key key = {.number = (int64_t)size};
    struct page_key back = {0};
    struct buf cursor = BUF_EMPTY;
    struct err err = ERR_NONE;

    if (page_read(STR("the key of the fuzzer"), &binding, given, arena, &back,
                  &err)) {
        abort(); /* A forged MAC of 128 bits. */
    }
    key.text = (struct str){given.data, MIN_OF(size, (size_t)PAGE_TEXT_MAX)};
    page_write(STR("another key"), &binding, &key, &cursor);
    if (!page_read(STR("another key"), &binding, buf_str(&cursor), arena, &back,
                   &err) ||
        !str_eq(back.text, key.text) || back.number != key.number) {
        abort();
    }
    buf_free(&cursor);
    arena_free(arena);
    return 0;
}

/* Any bytes as a query string; what is read, escaped and read again is the
 * same. */
#include "web/query.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct query *q, struct arena *arena)
{
    static struct query again;
    struct buf raw = BUF_EMPTY;
    struct err err = ERR_NONE;

    for (size_t i = 0; i < q->count; i++) {
        query_escape(&raw, q->params[i].name);
        buf_add_char(&raw, '=');
        query_escape(&raw, q->params[i].value);
        buf_add_char(&raw, '&');
    }
    if (!query_read(buf_str(&raw), arena, &again, &err) ||
        again.count != q->count) {
        abort();
    }
    for (size_t i = 0; i < q->count; i++) {
        if (!str_eq(q->params[i].name, again.params[i].name) ||
            !str_eq(q->params[i].value, again.params[i].value)) {
            abort();
        }
    }
    buf_free(&raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct query q;
    struct arena *arena = arena_new(1024);
    struct err err = ERR_NONE;

    if (query_read((struct str){(const char *)data, size}, arena, &q, &err)) {
        check_round_trip(&q, arena);
    } else if (err.code != ERR_MALFORMED) {
        abort();
    }
    arena_free(arena);
    return 0;
}

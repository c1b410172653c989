/* Kafka records: [key length][key][value], as the dispatcher reads them; what
 * is read is rendered as a webhook body. */
#include "dispatcher/decode.h"

#include <assert.h>

#define ARENA_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct decoded event = {0};
    struct err err = ERR_NONE;
    struct buf body = BUF_EMPTY;
    struct record r = {0};

    if (size > 0) {
        size_t key = MIN_OF((size_t)data[0], size - 1);
        r.key = (struct str){(const char *)data + 1, key};
        r.value = (struct str){(const char *)data + 1 + key, size - 1 - key};
    }
    if (decode_event(&r, arena, &event, &err)) {
        event_body(event.message, &body);
        assert(body.len > 0);
        assert(event.request_id.len == 0 ||
               cause_is_request_id(event.request_id)); /* Goes into headers. */
    } else {
        assert(err.code == ERR_MALFORMED || err.code == ERR_INVALID);
    }
    buf_free(&body);
    arena_free(arena);
    return 0;
}

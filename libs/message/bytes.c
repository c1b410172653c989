/* Message <-> protobuf bytes; what is unpacked lives in the arena. */
#include "message/message.h"

#include <assert.h>

ProtobufCMessage *message_new(const ProtobufCMessageDescriptor *type,
                              struct arena *arena)
{
    ProtobufCMessage *m = arena_zero(arena, 1, type->sizeof_message);

    protobuf_c_message_init(type, m);
    return m;
}

void message_pack(const ProtobufCMessage *m, struct buf *out)
{
    size_t size = protobuf_c_message_get_packed_size(m);

    buf_reserve(out, size);
    out->len += protobuf_c_message_pack(m, (uint8_t *)out->data + out->len);
    out->data[out->len] = '\0';
}

static void *take(void *arena, size_t bytes)
{
    return arena_take(arena, bytes);
}

static void forget(void *arena, void *memory)
{
    (void)arena;
    (void)memory; /* The arena's turn frees it. */
}

bool message_unpack(const ProtobufCMessageDescriptor *type, struct str bytes,
                    struct arena *arena, ProtobufCMessage **out,
                    struct err *err)
{
    ProtobufCAllocator allocator = {
        .alloc = take, .free = forget, .allocator_data = arena};
    ProtobufCMessage *m = NULL;

    assert(bytes.data != NULL || bytes.len == 0);
    m = protobuf_c_message_unpack(type, &allocator, bytes.len,
                                  (const uint8_t *)bytes.data);
    if (m == NULL) {
        return err_set(err, ERR_MALFORMED, "%zu bytes that are no %s",
                       bytes.len, type->name);
    }
    *out = m;
    return true;
}

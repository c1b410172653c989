/* Messages from outside, both ways. The first byte picks the type and the way:
 *   JSON  -> message -> JSON -> message -> JSON: the two texts are the same,
 *            and bytes in between change nothing
 *   bytes -> message: whatever comes, its JSON is valid JSON */
#include "message/message.h"

#include "porter/v1/contractor.pb-c.h"
#include "porter/v1/evacuation.pb-c.h"
#include "porter/v1/event.pb-c.h"
#include "porter/v1/location.pb-c.h"
#include "porter/v1/visitor.pb-c.h"
#include "porter/v1/webhook.pb-c.h"

#include <assert.h>

#define ARENA_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCMessageDescriptor *const types[] = {
    &porter__v1__visitor__descriptor,    &porter__v1__location__descriptor,
    &porter__v1__contractor__descriptor, &porter__v1__evacuation__descriptor,
    &porter__v1__webhook__descriptor,    &porter__v1__event__descriptor,
};

static void write(const ProtobufCMessage *m, struct buf *out)
{
    struct json_writer w = json_writer(out);

    message_write_json(m, &w);
}

static ProtobufCMessage *read(const ProtobufCMessageDescriptor *type,
                              struct str text, struct arena *arena)
{
    struct faults *faults = arena_take(arena, sizeof *faults);
    struct err err = ERR_NONE;
    struct json *root = NULL;
    ProtobufCMessage *m = NULL;

    if (!json_read(text, &root, &err)) {
        return NULL;
    }
    faults_init(faults, arena);
    if (!message_read_json(root, type, arena, faults, &m)) {
        assert(faults->count > 0 && m == NULL);
    }
    json_free(root);
    return m;
}

static void from_json(const ProtobufCMessageDescriptor *type, struct str text,
                      struct arena *arena)
{
    ProtobufCMessage *m = read(type, text, arena);
    struct buf first = BUF_EMPTY;
    struct buf second = BUF_EMPTY;
    struct buf bytes = BUF_EMPTY;
    struct err err = ERR_NONE;

    if (m == NULL) {
        return;
    }
    write(m, &first);
    message_pack(m, &bytes);
    if (!message_unpack(type, buf_str(&bytes), arena, &m, &err)) {
        assert(false);
    }
    write(m, &second);
    assert(str_eq(buf_str(&first), buf_str(&second)));
    m = read(type, buf_str(&first), arena);
    assert(m != NULL);
    buf_clear(&second);
    write(m, &second);
    assert(str_eq(buf_str(&first), buf_str(&second)));
    buf_free(&first);
    buf_free(&second);
    buf_free(&bytes);
}

static void from_bytes(const ProtobufCMessageDescriptor *type, struct str bytes,
                       struct arena *arena)
{
    struct buf text = BUF_EMPTY;
    struct err err = ERR_NONE;
    struct json *root = NULL;
    ProtobufCMessage *m = NULL;

    if (!message_unpack(type, bytes, arena, &m, &err)) {
        assert(err.code == ERR_MALFORMED);
        return;
    }
    write(m, &text);
    /* Bytes may name a map's key twice; all else must be readable. */
    if (!json_read(buf_str(&text), &root, &err)) {
        assert(strstr(err.text, "use each name once") != NULL);
    }
    json_free(root);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = NULL;
    const ProtobufCMessageDescriptor *type = NULL;
    struct str rest;

    if (size == 0) {
        return 0;
    }
    arena = arena_new(ARENA_BYTES);
    type = types[data[0] / 2 % COUNT_OF(types)];
    rest = (struct str){(const char *)data + 1, size - 1};
    if (data[0] % 2 == 0) {
        from_json(type, rest, arena);
    } else {
        from_bytes(type, rest, arena);
    }
    arena_free(arena);
    return 0;
}

/* The header's one form, read strictly and written. */
#include "base/traceparent.h"

#include "base/codec.h"
#include "base/random.h"

#include <stdio.h>

#define ID_AT 3
#define SPAN_AT 36
#define SPAN_DIGITS 16
#define FLAGS_AT 53
#define FLAGS_DIGITS 2
#define FLAGS_KNOWN (TRACE_SAMPLED | TRACE_RANDOM)

/* `digits` lower-case hex digits (an even number of them) as bytes. */
static bool read_hex(const char *at, size_t digits, uint8_t *out)
{
    for (size_t i = 0; i < digits; i++) {
        int digit = at[i] >= 'A' && at[i] <= 'F' ? -1 : hex_digit(at[i]);

        if (digit < 0) {
            return false;
        }
        out[i / 2] = (uint8_t)(out[i / 2] << 4 | digit);
    }
    return true;
}

bool traceparent_read(struct str s, struct trace *out)
{
    struct trace t = {.span = 0};
    uint8_t span[SPAN_DIGITS / 2] = {0};

    if (s.len != TRACEPARENT_LEN || !str_starts(s, STR("00-")) ||
        s.data[SPAN_AT - 1] != '-' || s.data[FLAGS_AT - 1] != '-' ||
        !read_hex(s.data + ID_AT, TRACE_ID_LEN, t.id.bytes) ||
        !read_hex(s.data + SPAN_AT, SPAN_DIGITS, span) ||
        !read_hex(s.data + FLAGS_AT, FLAGS_DIGITS, &t.flags)) {
        return false;
    }
    for (size_t i = 0; i < sizeof span; i++) {
        t.span = t.span << 8 | span[i];
    }
    if (id_is_zero(t.id) || t.span == 0) {
        return false;
    }
    t.flags &= FLAGS_KNOWN;
    *out = t;
    return true;
}

struct trace_id_text trace_id_text(struct id id)
{
    struct trace_id_text text;

    hex_write(id.bytes, sizeof id.bytes, text.data);
    return text;
}

struct traceparent_text traceparent_text(struct trace t)
{
    struct traceparent_text text;

    (void)snprintf(text.data, sizeof text.data, "00-%s-%016llx-%02x",
                   trace_id_text(t.id).data, (unsigned long long)t.span,
                   (unsigned)t.flags);
    return text;
}

struct trace trace_new(void)
{
    struct trace t = {.flags = TRACE_RANDOM};

    do {
        random_bytes(t.id.bytes, sizeof t.id.bytes);
    } while (id_is_zero(t.id));
    return t;
}

uint64_t trace_span_new(void)
{
    uint64_t span = 0;

    while (span == 0) {
        random_bytes(&span, sizeof span);
    }
    return span;
}

uint64_t trace_span_of(struct id event_id, enum trace_role role)
{
    uint64_t span = 0;

    event_id.bytes[0] ^= (uint8_t)role;
    span = id_hash(event_id);
    return span != 0 ? span : role;
}

/* Request ids and W3C trace context. */
#include "gateway/trace.h"

#include "base/codec.h"
#include "base/id.h"
#include "base/random.h"
#include "store/cause.h"

#define TRACE_AT 3
#define TRACE_DIGITS 32
#define SPAN_AT 36
#define SPAN_DIGITS 16
#define FLAGS_AT 53

struct str trace_request_id(struct str given, struct arena *arena)
{
    if (cause_is_request_id(given)) {
        return given;
    }
    return arena_str(arena, str_of(id_text(ID_REQUEST, id_new()).data));
}

/* `count` lower-case hex digits at `at`, and not all of them zero. */
static bool is_hex(struct str s, size_t at, size_t count, bool zero_is_fine)
{
    bool has_other = zero_is_fine;

    for (size_t i = at; i < at + count; i++) {
        char c = s.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
        has_other = has_other || c != '0';
    }
    return has_other;
}

bool trace_is_parent(struct str s)
{
    return s.len == TRACEPARENT_LEN && str_starts(s, STR("00-")) &&
           is_hex(s, TRACE_AT, TRACE_DIGITS, false) &&
           s.data[SPAN_AT - 1] == '-' &&
           is_hex(s, SPAN_AT, SPAN_DIGITS, false) &&
           s.data[FLAGS_AT - 1] == '-' && is_hex(s, FLAGS_AT, 2, true);
}

struct str trace_child(struct str given, struct arena *arena)
{
    uint8_t random[(TRACE_DIGITS + SPAN_DIGITS) / 2];
    char trace[TRACE_DIGITS + 1];
    char span[SPAN_DIGITS + 1];

    random_bytes(random, sizeof random);
    hex_write(random, SPAN_DIGITS / 2, span);
    if (trace_is_parent(given)) {
        return arena_printf(arena, "00-%.*s-%s-%.2s", TRACE_DIGITS,
                            given.data + TRACE_AT, span, given.data + FLAGS_AT);
    }
    hex_write(random + SPAN_DIGITS / 2, TRACE_DIGITS / 2, trace);
    return arena_printf(arena, "00-%s-%s-00", trace, span);
}

/* Request ids and W3C trace context. */
#include "gateway/trace.h"

#include "base/id.h"
#include "store/cause.h"

struct str trace_request_id(struct str given, struct arena *arena)
{
    if (cause_is_request_id(given)) {
        return given;
    }
    return arena_str(arena, str_of(id_text(ID_REQUEST, id_new()).data));
}

struct trace trace_begin(struct str given, uint64_t *parent)
{
    struct trace t;

    if (!traceparent_read(given, &t)) {
        t = trace_new();
    }
    *parent = t.span;
    return trace_at(t, trace_span_new());
}

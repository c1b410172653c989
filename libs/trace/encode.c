/* The messages of porter/otlp/v1, built in an arena and packed. */
#include "trace/encode.h"

#include "base/codec.h"
#include "base/err.h"
#include "message/message.h"

#include "porter/otlp/v1/trace.pb-c.h"

#define NS_PER_US 1000
#define SPAN_ID_BYTES 8

typedef Porter__Otlp__V1__Span Span;
typedef Porter__Otlp__V1__KeyValue Pair;
typedef Porter__Otlp__V1__AnyValue Value;

/* The generated structs begin with their base. */
static void *new_of(const ProtobufCMessageDescriptor *type, struct arena *arena)
{
    return message_new(type, arena);
}

static Value *new_pair(const char *key, Pair **slot, struct arena *arena)
{
    Pair *pair = new_of(&porter__otlp__v1__key_value__descriptor, arena);

    pair->key = arena_cstr(arena, str_of(key));
    pair->value = new_of(&porter__otlp__v1__any_value__descriptor, arena);
    *slot = pair;
    return pair->value;
}

static void put_text(const char *key, char *text, Pair **slot,
                     struct arena *arena)
{
    Value *value = new_pair(key, slot, arena);

    value->value_case = PORTER__OTLP__V1__ANY_VALUE__VALUE_STRING_VALUE;
    value->string_value = text;
}

static void put_number(const char *key, int64_t number, Pair **slot,
                       struct arena *arena)
{
    Value *value = new_pair(key, slot, arena);

    value->value_case = PORTER__OTLP__V1__ANY_VALUE__VALUE_INT_VALUE;
    value->int_value = number;
}

/* A kept text; protobuf-c has no const, and does not write to it. */
static char *text_at(const struct span_kept *k, uint16_t at)
{
    return (char *)(uintptr_t)(k->text + at);
}

static ProtobufCBinaryData span_id(uint64_t span, struct arena *arena)
{
    uint8_t *bytes = arena_take(arena, SPAN_ID_BYTES);

    for (size_t i = SPAN_ID_BYTES; i > 0; i--) {
        bytes[i - 1] = (uint8_t)span;
        span >>= 8;
    }
    return (ProtobufCBinaryData){SPAN_ID_BYTES, bytes};
}

static void put_attributes(const struct span_kept *k, Span *out,
                           struct arena *arena)
{
    out->n_attributes = k->attribute_count;
    out->attributes =
        arena_zero(arena, (size_t)k->attribute_count + 1, sizeof(Pair *));
    for (size_t i = 0; i < k->attribute_count; i++) {
        const char *key = k->attributes[i].key;
        uint16_t at = k->attributes[i].text;

        if (at != SPAN_NO_TEXT) {
            put_text(key, text_at(k, at), &out->attributes[i], arena);
        } else {
            put_number(key, k->attributes[i].number, &out->attributes[i],
                       arena);
        }
    }
}

static Span *span_of(const struct span_kept *k, struct arena *arena)
{
    Span *s = new_of(&porter__otlp__v1__span__descriptor, arena);
    uint8_t *id = arena_take(arena, sizeof k->trace.id.bytes);

    memcpy(id, k->trace.id.bytes, sizeof k->trace.id.bytes);
    s->trace_id = (ProtobufCBinaryData){sizeof k->trace.id.bytes, id};
    s->span_id = span_id(k->trace.span, arena);
    if (k->parent != 0) {
        s->parent_span_id = span_id(k->parent, arena);
    }
    s->flags = k->trace.flags;
    s->kind = (Porter__Otlp__V1__Span__SpanKind)k->kind;
    if (k->name != SPAN_NO_TEXT) {
        s->name = text_at(k, k->name);
    }
    s->start_time_unix_nano = (uint64_t)k->start_us * NS_PER_US;
    s->end_time_unix_nano = (uint64_t)k->end_us * NS_PER_US;
    put_attributes(k, s, arena);
    if (k->error != SPAN_NO_TEXT) {
        s->status = new_of(&porter__otlp__v1__status__descriptor, arena);
        s->status->code =
            PORTER__OTLP__V1__STATUS__STATUS_CODE__STATUS_CODE_ERROR;
        s->status->message = text_at(k, k->error);
    }
    return s;
}

static Porter__Otlp__V1__Resource *resource_of(const struct encode_who *who,
                                               struct arena *arena)
{
    Porter__Otlp__V1__Resource *r =
        new_of(&porter__otlp__v1__resource__descriptor, arena);
    char instance[2 * sizeof who->instance.bytes + 1];

    hex_write(who->instance.bytes, sizeof who->instance.bytes, instance);
    r->n_attributes = 2;
    r->attributes = arena_zero(arena, r->n_attributes, sizeof(Pair *));
    put_text("service.name", arena_cstr(arena, str_of(who->service)),
             &r->attributes[0], arena);
    put_text("service.instance.id", arena_cstr(arena, str_of(instance)),
             &r->attributes[1], arena);
    return r;
}

void encode_spans(const struct encode_who *who,
                  const struct span_kept *const *list, size_t count,
                  struct arena *arena, struct buf *out)
{
    Porter__Otlp__V1__ExportTraceServiceRequest *all = new_of(
        &porter__otlp__v1__export_trace_service_request__descriptor, arena);
    Porter__Otlp__V1__ResourceSpans *ours =
        new_of(&porter__otlp__v1__resource_spans__descriptor, arena);
    Porter__Otlp__V1__ScopeSpans *scope =
        new_of(&porter__otlp__v1__scope_spans__descriptor, arena);

    all->n_resource_spans = 1;
    all->resource_spans = arena_zero(arena, 1, sizeof ours);
    all->resource_spans[0] = ours;
    ours->resource = resource_of(who, arena);
    ours->n_scope_spans = 1;
    ours->scope_spans = arena_zero(arena, 1, sizeof scope);
    ours->scope_spans[0] = scope;
    scope->scope =
        new_of(&porter__otlp__v1__instrumentation_scope__descriptor, arena);
    scope->scope->name = arena_cstr(arena, STR("porter"));
    scope->n_spans = count;
    scope->spans = arena_zero(arena, count + 1, sizeof(Span *));
    for (size_t i = 0; i < count; i++) {
        scope->spans[i] = span_of(list[i], arena);
    }
    message_pack(&all->base, out);
}

size_t encode_rejected(struct str answer, struct arena *arena)
{
    const Porter__Otlp__V1__ExportTraceServiceResponse *said = NULL;
    ProtobufCMessage *m = NULL;
    struct err err = ERR_NONE;

    if (!message_unpack(
            &porter__otlp__v1__export_trace_service_response__descriptor,
            answer, arena, &m, &err)) {
        return 0;
    }
    said = (const void *)m;
    if (said->partial_success == NULL ||
        said->partial_success->rejected_spans < 0) {
        return 0;
    }
    return (size_t)said->partial_success->rejected_spans;
}

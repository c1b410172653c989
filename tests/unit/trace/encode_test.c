/* A span's bytes say what it says, and are good for every collector. */
#include "trace/encode.h"

#include "message/message.h"

#include "porter/otlp/v1/trace.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PARENT_SPAN 0x0102030405060708ULL
#define SPAN_ID 0xf1f2f3f4f5f6f7f8ULL

typedef Porter__Otlp__V1__ExportTraceServiceRequest Request;
typedef Porter__Otlp__V1__Span Span;

static struct span sample(void)
{
    struct span s = {
        .trace = {.id = {{0xAA, [15] = 0xBB}},
                  .span = SPAN_ID,
                  .flags = TRACE_SAMPLED},
        .parent = PARENT_SPAN,
        .kind = SPAN_SERVER,
        .name = STR("GET /api/v1/visitors"),
        .start_us = 1700000000000001,
        .end_us = 1700000000000251,
        .error = STR("unavailable"),
    };

    span_text(&s, "http.request.method", STR("GET"));
    span_text(&s, "left.out", STR_NONE);
    span_number(&s, "http.response.status_code", 503);
    return s;
}

static Request *round_trip(const struct span *spans, size_t count,
                           struct arena *arena)
{
    static struct span_kept kept[2];
    const struct span_kept *list[2] = {&kept[0], &kept[1]};
    const struct encode_who who = {"porter-gateway", {{0xCC}}};
    struct buf bytes = BUF_EMPTY;
    struct err err = ERR_NONE;
    ProtobufCMessage *m = NULL;

    for (size_t i = 0; i < count; i++) {
        span_keep(&spans[i], &kept[i]);
    }
    encode_spans(&who, list, count, arena, &bytes);
    assert_true(message_unpack(
        &porter__otlp__v1__export_trace_service_request__descriptor,
        buf_str(&bytes), arena, &m, &err));
    buf_free(&bytes);
    return (void *)m;
}

static Span **spans_of(const Request *r, size_t count)
{
    assert_int_equal(r->n_resource_spans, 1);
    assert_int_equal(r->resource_spans[0]->n_scope_spans, 1);
    assert_int_equal(r->resource_spans[0]->scope_spans[0]->n_spans, count);
    return r->resource_spans[0]->scope_spans[0]->spans;
}

static void a_span_is_encoded_whole(void **state)
{
    struct arena *arena = arena_new(4096);
    struct span s = sample();
    const Request *r = round_trip(&s, 1, arena);
    const Span *got = spans_of(r, 1)[0];

    (void)state;
    assert_int_equal(got->trace_id.len, 16);
    assert_memory_equal(got->trace_id.data, s.trace.id.bytes, 16);
    assert_int_equal(got->span_id.len, 8);
    assert_memory_equal(got->span_id.data, "\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8",
                        8);
    assert_memory_equal(got->parent_span_id.data, "\1\2\3\4\5\6\7\10", 8);
    assert_int_equal(got->flags, TRACE_SAMPLED);
    assert_string_equal(got->name, "GET /api/v1/visitors");
    assert_int_equal(got->kind, SPAN_SERVER);
    assert_true(got->start_time_unix_nano == 1700000000000001000ULL);
    assert_true(got->end_time_unix_nano == 1700000000000251000ULL);
    assert_int_equal(got->n_attributes, 2);
    assert_string_equal(got->attributes[0]->key, "http.request.method");
    assert_string_equal(got->attributes[0]->value->string_value, "GET");
    assert_true(got->attributes[1]->value->int_value == 503);
    assert_int_equal(got->status->code, 2); /* STATUS_CODE_ERROR */
    assert_string_equal(got->status->message, "unavailable");
    assert_string_equal(
        r->resource_spans[0]->resource->attributes[0]->value->string_value,
        "porter-gateway");
    arena_free(arena);
}

static void a_first_span_has_no_parent_and_a_good_one_no_status(void **state)
{
    struct arena *arena = arena_new(4096);
    struct span two[2] = {sample(), sample()};
    Span **got = NULL;

    (void)state;
    two[1].parent = 0;
    two[1].error = STR_NONE;
    got = spans_of(round_trip(two, 2, arena), 2);
    assert_int_equal(got[0]->parent_span_id.len, 8);
    assert_int_equal(got[1]->parent_span_id.len, 0);
    assert_null(got[1]->status);
    arena_free(arena);
}

/* One byte that is no UTF-8 would cost the whole batch at the collector. */
static void what_is_no_text_becomes_one(void **state)
{
    struct arena *arena = arena_new(4096);
    struct span s = sample();
    const Span *got = NULL;

    (void)state;
    s.name = STR("a\xff"
                 "b");
    span_text(&s, "nul", ((struct str){"c\0d", 3}));
    span_text(&s, "good", STR("Zoë"));
    got = spans_of(round_trip(&s, 1, arena), 1)[0];
    assert_string_equal(got->name, "a?b");
    assert_string_equal(got->attributes[2]->value->string_value, "c?d");
    assert_string_equal(got->attributes[3]->value->string_value, "Zoë");
    arena_free(arena);
}

static void a_span_is_never_larger_than_its_place(void **state)
{
    static char large[2 * SPAN_TEXT_BYTES];
    struct arena *arena = arena_new(4096);
    struct span s = sample();
    const Span *got = NULL;

    (void)state;
    memset(large, 'x', sizeof large);
    span_text(&s, "large", (struct str){large, sizeof large});
    span_text(&s, "behind", STR("no room"));
    span_number(&s, "number", 7);
    got = spans_of(round_trip(&s, 1, arena), 1)[0];
    assert_int_equal(got->n_attributes, 4); /* "behind" is not there. */
    assert_in_range(strlen(got->attributes[2]->value->string_value), 1,
                    SPAN_TEXT_BYTES - 1);
    assert_true(got->attributes[3]->value->int_value == 7);
    arena_free(arena);
}

static void an_answer_may_tell_of_rejected_spans(void **state)
{
    struct arena *arena = arena_new(4096);

    (void)state;
    assert_int_equal(encode_rejected(STR(""), arena), 0);
    assert_int_equal(encode_rejected(STR("\x0a\x02\x08\x03"), arena), 3);
    assert_int_equal(encode_rejected(STR("no protobuf"), arena), 0);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_span_is_encoded_whole),
        cmocka_unit_test(a_first_span_has_no_parent_and_a_good_one_no_status),
        cmocka_unit_test(what_is_no_text_becomes_one),
        cmocka_unit_test(a_span_is_never_larger_than_its_place),
        cmocka_unit_test(an_answer_may_tell_of_rejected_spans),
    };

    return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}

/* Outbox rows as Kafka records. */
#include "relay/relay_record.h"

#include "store/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define ARENA_BYTES 4096

static struct outbox_row row_of(struct str payload, struct str traceparent)
{
    return (struct outbox_row){
        .org_id = {{1}},
        .id = {{2}},
        .aggregate = STR("visitors"),
        .subject = STR("vis_1"),
        .type = STR("visitor.checked_in"),
        .payload = payload,
        .traceparent = traceparent,
        .webhooks_version = 7,
        .created_at_us = 1772353800123000,
    };
}

static struct str header_of(const struct record *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (str_eq(r->headers[i].name, str_of(name))) {
            return r->headers[i].value;
        }
    }
    return STR_NONE;
}

static void assert_header(const struct record *r, const char *name,
                          struct str want)
{
    struct str got = header_of(r, name);

    if (!str_eq(got, want)) {
        fail_msg("%s is \"%.*s\"", name, STR_ARGS(got));
    }
}

static void a_row_becomes_a_record_of_its_topic_by_its_subject(void **state)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct outbox_row row = row_of(STR("bytes"), STR_NONE);
    struct record r;

    (void)state;
    relay_record(&row, arena, &r);
    assert_true(str_eq(r.topic, STR("porter.visitors.v1")));
    assert_true(str_eq(r.key, STR("vis_1")));
    assert_true(str_eq(r.value, STR("bytes")));
    assert_int_equal(r.at_ms, 0);
    arena_free(arena);
}

static void headers_follow_cloudevents(void **state)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct outbox_row row = row_of(STR("bytes"), STR("00-trace"));
    row.request_id = STR("my-trace-42");
    struct id_text org = id_text(ID_ORGANIZATION, row.org_id);
    struct id_text id = id_text(ID_EVENT, row.id);
    struct record r;

    (void)state;
    relay_record(&row, arena, &r);
    assert_header(&r, "ce_specversion", STR("1.0"));
    assert_header(&r, "ce_id", str_of(id.data));
    assert_header(&r, "ce_source",
                  arena_printf(arena, "/organizations/%s", org.data));
    assert_header(&r, "ce_type", STR("visitor.checked_in"));
    assert_header(&r, "ce_subject", STR("vis_1"));
    assert_header(&r, "ce_time", STR("2026-03-01T08:30:00.123Z"));
    assert_header(&r, "ce_dataschema", STR("urn:porter:proto:porter.v1.Event"));
    assert_header(&r, "content-type", STR("application/protobuf"));
    assert_header(&r, "traceparent", STR("00-trace"));
    assert_header(&r, "porter_request_id", STR("my-trace-42"));
    assert_header(&r, "porter_org", str_of(org.data));
    assert_header(&r, "porter_webhooks_version", STR("7"));
    arena_free(arena);
}

static void a_header_without_a_value_is_left_out(void **state)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct outbox_row row = row_of(STR("bytes"), STR_NONE);
    struct record r;

    (void)state;
    relay_record(&row, arena, &r);
    assert_null(header_of(&r, "traceparent").data);
    assert_null(header_of(&r, "porter_request_id").data);
    assert_null(header_of(&r, RECORD_AGAIN).data);
    assert_int_equal(r.header_count, 10);
    row.is_again = true;
    relay_record(&row, arena, &r);
    assert_header(&r, RECORD_AGAIN, STR("1"));
    arena_free(arena);
}

static void a_dead_letter_is_the_head_of_the_record_and_why(void **state)
{
    static char payload[RELAY_DEAD_LETTER_BYTES + 10];
    struct arena *arena = arena_new(ARENA_BYTES);
    struct outbox_row row =
        row_of((struct str){payload, sizeof payload}, STR_NONE);
    struct record whole;
    struct record dead;

    (void)state;
    relay_record(&row, arena, &whole);
    relay_dead_letter(&whole, STR("too large"), arena, &dead);
    assert_true(str_eq(dead.topic, str_of(event_dead_letters_topic)));
    assert_true(str_eq(dead.key, whole.key));
    assert_int_equal(dead.value.len, RELAY_DEAD_LETTER_BYTES);
    assert_int_equal(whole.value.len, sizeof payload);
    assert_header(&dead, "ce_type", STR("visitor.checked_in"));
    assert_header(&dead, "porter_dead_topic", STR("porter.visitors.v1"));
    assert_header(&dead, "porter_dead_reason", STR("too large"));
    assert_header(&dead, "porter_dead_left_out",
                  STR("all but the first 4096 of 4106 bytes"));
    assert_int_equal(dead.header_count, whole.header_count + 3);
    assert_string_equal(dead.headers[0].name.data, "porter_dead_topic");
    assert_string_equal(dead.headers[3].name.data, whole.headers[0].name.data);
    whole.value.len = RELAY_DEAD_LETTER_BYTES;
    relay_dead_letter(&whole, STR("too large"), arena, &dead);
    assert_null(header_of(&dead, "porter_dead_left_out").data);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_becomes_a_record_of_its_topic_by_its_subject),
        cmocka_unit_test(headers_follow_cloudevents),
        cmocka_unit_test(a_header_without_a_value_is_left_out),
        cmocka_unit_test(a_dead_letter_is_the_head_of_the_record_and_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Kafka records, good and bad. */
#include "dispatcher/decode.h"

#include "message/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NOW_US 1700000000123000
#define ORG ((struct id){{7}})
#define CAUSE ((const struct cause){.org_id = ORG})
#define TRACE STR("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

static struct record record_of(const Porter__V1__Event *e, struct arena *a)
{
    struct buf b = BUF_EMPTY;
    struct record r = {0};

    message_pack(&e->base, &b);
    r.value = arena_str(a, buf_str(&b));
    r.key = arena_str(a, str_of(id_text(ID_VISITOR, (struct id){{9}}).data));
    buf_free(&b);
    return r;
}

static void a_good_record_is_read(void **state)
{
    struct arena *a = arena_new(65536);
    struct decoded d = {0};
    struct err err = ERR_NONE;
    Porter__V1__Event *e =
        event_sample(EVENT_VISITOR_CHECKED_IN, &CAUSE, NOW_US, a);
    struct record r = record_of(e, a);

    (void)state;
    r.headers[0] = (struct record_header){STR("traceparent"), TRACE};
    r.headers[1] =
        (struct record_header){STR("porter_webhooks_version"), STR("42")};
    r.header_count = 2;
    assert_true(decode_event(&r, a, &d, &err));
    assert_string_equal(id_text(ID_EVENT, d.id).data, e->id);
    assert_true(id_eq(d.org_id, ORG));
    assert_int_equal(d.type, EVENT_VISITOR_CHECKED_IN);
    assert_int_equal(d.created_at_us, NOW_US);
    assert_true(d.is_test); /* A sample says that it is one. */
    assert_true(str_eq(d.subject, r.key));
    assert_true(str_eq(str_of(traceparent_text(d.trace).data), TRACE));
    assert_int_equal(d.webhooks_version, 42);
    assert_false(d.is_again);
    r.headers[r.header_count++] =
        (struct record_header){STR(RECORD_AGAIN), STR("1")};
    assert_true(decode_event(&r, a, &d, &err));
    assert_true(d.is_again);
    arena_free(a);
}

static void odd_headers_are_left_out(void **state)
{
    struct arena *a = arena_new(65536);
    struct decoded d = {0};
    struct err err = ERR_NONE;
    struct record r =
        record_of(event_sample(EVENT_VISITOR_CHECKED_IN, &CAUSE, NOW_US, a), a);

    (void)state;
    r.headers[0] = (struct record_header){
        STR("traceparent"),
        STR("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")};
    r.headers[1] =
        (struct record_header){STR("porter_webhooks_version"), STR("-1")};
    r.header_count = 2;
    assert_true(decode_event(&r, a, &d, &err));
    assert_true(id_eq(d.trace.id, d.id));
    assert_true(d.trace.span == 0 && d.trace.flags == 0);
    assert_int_equal(d.webhooks_version, 0);
    arena_free(a);
}

static void a_version_that_was_cut_off_is_taken_for_the_latest(void **state)
{
    static const struct {
        bool is_cut;
        const char *name;
        int64_t want;
    } cases[] = {
        {false, "other", 0},
        {true, "other", INT64_MAX},
        {true, "porter_webhooks_version", 42},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *a = arena_new(65536);
        struct decoded d = {0};
        struct err err = ERR_NONE;
        struct record r = record_of(
            event_sample(EVENT_VISITOR_CHECKED_IN, &CAUSE, NOW_US, a), a);

        r.headers[r.header_count++] =
            (struct record_header){str_of(cases[i].name), STR("42")};
        r.is_cut = cases[i].is_cut;
        assert_true(decode_event(&r, a, &d, &err));
        assert_int_equal(d.webhooks_version, cases[i].want);
        arena_free(a);
    }
}

/* The payload's, or (from a relay of another make) the header's; never one that
 * could end a header's line. */
static void the_request_id_is_the_payloads_or_the_headers(void **state)
{
    static const struct {
        const char *payload, *header, *want;
    } cases[] = {
        {"my-trace-42", NULL, "my-trace-42"},
        {"my-trace-42", "other", "my-trace-42"},
        {"", "from a header", "from a header"},
        {"", NULL, ""},
        {"two\r\nlines", NULL, ""},
        {"", "two\nlines", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *a = arena_new(65536);
        struct decoded d = {0};
        struct err err = ERR_NONE;
        const struct cause cause = {.org_id = ORG,
                                    .request_id = str_of(cases[i].payload)};
        struct record r = record_of(
            event_sample(EVENT_VISITOR_CHECKED_IN, &cause, NOW_US, a), a);

        if (cases[i].header != NULL) {
            r.headers[r.header_count++] = (struct record_header){
                STR("porter_request_id"), str_of(cases[i].header)};
        }
        assert_true(decode_event(&r, a, &d, &err));
        assert_true(str_eq(d.request_id, str_of(cases[i].want)));
        arena_free(a);
    }
}

static char bad_text[] = "nonsense";

static void spoil(Porter__V1__Event *e, struct record *r, size_t how)
{
    switch (how) {
    case 0:
        e->id = bad_text;
        break;
    case 1:
        e->organization_id = bad_text;
        break;
    case 2:
        e->type = bad_text;
        break;
    case 3:
        e->created_at = NULL;
        break;
    case 4:
        e->data = NULL;
        break;
    default:
        r->key = STR("con_00000000000000000000000000");
        break;
    }
}

static void a_record_without_what_the_road_needs_is_invalid(void **state)
{
    (void)state;
    for (size_t how = 0; how <= 5; how++) {
        struct arena *a = arena_new(65536);
        struct decoded d = {0};
        struct err err = ERR_NONE;
        struct record key = {0};
        Porter__V1__Event *e =
            event_sample(EVENT_VISITOR_CHECKED_IN, &CAUSE, NOW_US, a);
        spoil(e, &key, how);
        struct record r = record_of(e, a);
        r.key = key.key.len > 0 ? key.key : r.key;
        assert_false(decode_event(&r, a, &d, &err));
        assert_int_equal(err.code, ERR_INVALID);
        arena_free(a);
    }
}

static void what_is_no_event_is_malformed(void **state)
{
    struct arena *a = arena_new(65536);
    struct decoded d = {0};
    struct err err = ERR_NONE;
    struct record r = {.value = STR("\xff\xff no event")};

    (void)state;
    assert_false(decode_event(&r, a, &d, &err));
    assert_int_equal(err.code, ERR_MALFORMED);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_record_is_read),
        cmocka_unit_test(odd_headers_are_left_out),
        cmocka_unit_test(a_version_that_was_cut_off_is_taken_for_the_latest),
        cmocka_unit_test(the_request_id_is_the_payloads_or_the_headers),
        cmocka_unit_test(a_record_without_what_the_road_needs_is_invalid),
        cmocka_unit_test(what_is_no_event_is_malformed),
    };

    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}

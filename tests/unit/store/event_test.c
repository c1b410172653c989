/* Events: their shapes, subjects, samples and shards. */
#include "store/event.h"

#include "base/clock.h"
#include "json/json.h"
#include "message/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NOW_US (1772357400LL * US_PER_S) /* 2026-03-01T09:30:00Z */

static struct arena *arena;
static const struct cause nobody; /* No request. */

static int setup(void **state)
{
    (void)state;
    arena = arena_new(65536);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct json *body_of(const Porter__V1__Event *event)
{
    struct buf body = BUF_EMPTY;
    struct json *root = NULL;
    struct err err = ERR_NONE;

    event_body(event, &body);
    assert_true(json_read(buf_str(&body), &root, &err));
    buf_free(&body);
    return root;
}

static void expect_text(const struct json *object, const char *name,
                        const char *want)
{
    const struct json *v = json_find(object, name);

    assert_non_null(v);
    assert_true(str_eq(json_text(v), str_of(want)));
}

static void every_type_is_found_by_its_name_and_has_a_topic(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++) {
        enum event_type found = EVENT_TYPE_COUNT;
        bool has_topic = false;

        assert_true(event_type_find(str_of(event_types[i].name), &found));
        assert_int_equal(found, i);
        for (size_t t = 0; event_topics[t] != NULL; t++) {
            has_topic =
                has_topic || strcmp(event_topics[t], event_types[i].topic) == 0;
        }
        assert_true(has_topic);
    }
}

static void an_unknown_type_is_not_found(void **state)
{
    enum event_type found;

    (void)state;
    assert_false(event_type_find(STR("visitor.checked"), &found));
    assert_false(event_type_find(STR_NONE, &found));
}

/* The envelope of events.md; `test` is not there at all. */
static void a_body_has_the_documented_shape(void **state)
{
    const struct cause cause = {.org_id = id_new(),
                                .request_id = STR("my-trace-42")};
    Porter__V1__Visitor visitor = PORTER__V1__VISITOR__INIT;
    struct id_text id = id_text(ID_VISITOR, id_new());
    char name[] = "Zoë Muñoz";
    struct json *body = NULL;

    (void)state;
    visitor.id = id.data;
    visitor.full_name = name;
    body = body_of(event_new(EVENT_VISITOR_CHECKED_IN, &cause, &visitor.base,
                             NOW_US, arena));
    expect_text(body, "type", "visitor.checked_in");
    expect_text(body, "api_version", "v1");
    expect_text(body, "created_at", "2026-03-01T09:30:00.000Z");
    expect_text(body, "organization_id",
                id_text(ID_ORGANIZATION, cause.org_id).data);
    expect_text(body, "request_id", "my-trace-42");
    assert_null(json_find(body, "test"));
    expect_text(json_find(json_find(body, "data"), "visitor"), "full_name",
                "Zoë Muñoz");
    json_free(body);
}

static void every_sample_is_a_test_about_its_own_kind(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++) {
        struct json *body =
            body_of(event_sample((enum event_type)i, &nobody, NOW_US, arena));
        const struct json *data = json_find(body, "data");
        struct str aggregate = str_of(event_types[i].aggregate);
        /* Their plural, without the s. */
        const struct json *resource = json_find(
            data,
            arena_cstr(arena, (struct str){aggregate.data, aggregate.len - 1}));
        struct id id;

        assert_true(json_bool(json_find(body, "test")));
        assert_true(json_type(json_find(body, "request_id")) == JSON_NULL);
        assert_int_equal(json_count(data),
                         event_is_operational((enum event_type)i) ? 2 : 1);
        assert_non_null(resource);
        assert_true(id_read(event_types[i].subject,
                            json_text(json_find(resource, "id")), &id));
        json_free(body);
    }
}

static void a_sample_survives_the_wire(void **state)
{
    Porter__V1__Event *event =
        event_sample(EVENT_EVACUATION_ACTIVATED, &nobody, NOW_US, arena);
    ProtobufCMessage *back = NULL;
    struct buf bytes = BUF_EMPTY, before = BUF_EMPTY, after = BUF_EMPTY;
    struct err err = ERR_NONE;

    (void)state;
    message_pack(&event->base, &bytes);
    assert_true(message_unpack(&porter__v1__event__descriptor, buf_str(&bytes),
                               arena, &back, &err));
    event_body(event, &before);
    event_body((Porter__V1__Event *)(void *)back, &after);
    assert_true(str_eq(buf_str(&before), buf_str(&after)));
    buf_free(&bytes);
    buf_free(&before);
    buf_free(&after);
}

/* Stored in rows: a change of the hash would break the order of subjects. */
static void the_shard_of_a_subject_never_changes(void **state)
{
    struct id id;
    unsigned seen = 0;

    (void)state;
    assert_true(
        id_read(ID_VISITOR, STR("vis_01jd0000000000000000000000"), &id));
    assert_int_equal(event_shard(id), 1);
    for (int i = 0; i < 2000; i++) {
        assert_true(event_shard(id_new()) < OUTBOX_SHARDS);
        seen |= 1U << event_shard(id_new());
    }
    assert_int_equal(seen, (1U << OUTBOX_SHARDS) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_found_by_its_name_and_has_a_topic),
        cmocka_unit_test(an_unknown_type_is_not_found),
        cmocka_unit_test(a_body_has_the_documented_shape),
        cmocka_unit_test(every_sample_is_a_test_about_its_own_kind),
        cmocka_unit_test(a_sample_survives_the_wire),
        cmocka_unit_test(the_shard_of_a_subject_never_changes),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

/* An input obeys its table or is told of everything that does not. */
#include "support.h"

#include "message/rules.h"

#include "base/clock.h"

#include "porter/v1/contractor.pb-c.h"
#include "porter/v1/location.pb-c.h"
#include "porter/v1/visitor.pb-c.h"
#include "porter/v1/webhook.pb-c.h"

#define VISITOR (&porter__v1__visitor__descriptor)
#define LOCATION (&porter__v1__location__descriptor)
#define NOW_US (1772357400LL * US_PER_S) /* 2026-03-01T09:30:00Z */
#define ID "01jz8v3q5wf0t9y2m4k6n8p0rs"
#define TABLE(type, rows) ((struct rule_table){type, rows, COUNT_OF(rows)})

/* clang-format off */
static const struct rule visitor_rows[] = {
    {"first_name",  RULE_LINE,  true,  1,   4,      0, NULL},
    {"notes",       RULE_PLAIN, false, 2,   6,      0, NULL},
    {"email",       RULE_EMAIL, false, 0,   254,    0, NULL},
    {"phone",       RULE_PHONE, false, 0,   0,      0, NULL},
    {"host",        RULE_PLAIN, false, 0,   0,      0, NULL},
    {"host.name",   RULE_LINE,  false, 1,   4,      0, NULL},
    {"host.email",  RULE_EMAIL, true,  0,   0,      0, NULL},
    {"location_id", RULE_ID,    false, 0,   0,      ID_LOCATION, NULL},
    {"expected_at", RULE_TIME,  false, -60, 3600,   0, NULL},
    {"metadata",    RULE_MAP,   false, 0,   2,      0, NULL},
    {"status",      RULE_PLAIN, false, 0,   0,      0, NULL},
};
static const struct rule contractor_rows[] = {
    {"company",       RULE_LINE,  true,  1, 9, 0, NULL},
    {"contact.email", RULE_EMAIL, true,  0, 0, 0, NULL},
    {"location_ids",  RULE_ID,    true,  1, 2, ID_LOCATION, NULL},
};
static const struct rule location_rows[] = {
    {"capacity",      RULE_PLAIN, false, 1, 100, 0, NULL},
    {"on_site_count", RULE_PLAIN, false, 0, 5, 0, NULL},
    {"address.country", RULE_COUNTRY, false, 0, 0, 0, NULL},
};
static const struct rule webhook_rows[] = {
    {"url", RULE_ENDPOINT, true, 1, 2048, 0, NULL},
    {"events", RULE_LINE, true, 1, 3, 0, NULL},
    {"headers", RULE_HEADERS, false, 0, 2, 0, NULL},
};
/* clang-format on */

static const struct rule_table visitor = {VISITOR, visitor_rows,
                                          COUNT_OF(visitor_rows)};
static const struct rule_table contractor = {
    &porter__v1__contractor__descriptor, contractor_rows,
    COUNT_OF(contractor_rows)};
static const struct rule_table location = {LOCATION, location_rows,
                                           COUNT_OF(location_rows)};
static const struct rule_table webhook = {&porter__v1__webhook__descriptor,
                                          webhook_rows, COUNT_OF(webhook_rows)};

/* The faults of a body as lines; "" when it obeys. */
static const char *judged(const struct rule_table *table, const char *text)
{
    struct json *root = document(text);
    ProtobufCMessage *m = NULL;
    bool ok = false;

    faults_init(&faults, arena);
    ok = rules_read(table, root, NOW_US, arena, &faults, &m);
    json_free(root);
    assert_true(ok == (m != NULL));
    assert_true(ok == (faults.count == 0));
    return told();
}

/* One visitor field beside the required one. */
static const char *with(const char *field, const char *value)
{
    return judged(
        &visitor,
        arena_printf(arena, "{\"first_name\":\"A\",\"%s\":%s}", field, value)
            .data);
}

static const char *quoted(const char *text)
{
    return arena_printf(arena, "\"%s\"", text).data;
}

static void tables_of_ours_are_good(void **state)
{
    (void)state;
    assert_true(rules_check(&visitor, &err));
    assert_true(rules_check(&contractor, &err));
    assert_true(rules_check(&location, &err));
    assert_true(rules_check(&webhook, &err));
}

static void refuses_a_table_that_does_not_fit(void **state)
{
    static const struct {
        struct rule row;
        const ProtobufCMessageDescriptor *type;
        const char *says;
    } cases[] = {
        {{"nope", RULE_PLAIN, false, 0, 1, 0, NULL},
         VISITOR,
         "has no field nope"},
        {{"host.nope", RULE_PLAIN, false, 0, 1, 0, NULL},
         VISITOR,
         "has no field"},
        {{"email.x", RULE_PLAIN, false, 0, 1, 0, NULL},
         VISITOR,
         "has no field"},
        {{"", RULE_PLAIN, false, 0, 1, 0, NULL}, VISITOR, "has no field"},
        {{"status", RULE_LINE, false, 0, 1, 0, NULL}, VISITOR, "does not fit"},
        {{"email", RULE_TIME, false, 0, 1, 0, NULL}, VISITOR, "does not fit"},
        {{"email", RULE_MAP, false, 0, 1, 0, NULL}, VISITOR, "does not fit"},
        {{"metadata", RULE_PLAIN, false, 0, 1, 0, NULL},
         VISITOR,
         "does not fit"},
        {{"expected_at", RULE_PLAIN, false, 0, 1, 0, NULL},
         VISITOR,
         "does not fit"},
        {{"capacity", RULE_EMAIL, false, 0, 1, 0, NULL},
         LOCATION,
         "does not fit"},
        {{"notes", RULE_PLAIN, false, 2, 1, 0, NULL},
         VISITOR,
         "min over its max"},
        {{"notes", RULE_PLAIN, false, 0, 0, 0, NULL}, VISITOR, "has no max"},
        {{"metadata", RULE_MAP, false, 0, 0, 0, NULL}, VISITOR, "has no max"},
        {{"email", RULE_HEADERS, false, 0, 1, 0, NULL},
         VISITOR,
         "does not fit"},
        {{"id", RULE_ID, false, 0, 0, ID_KIND_COUNT, NULL},
         VISITOR,
         "no id kind"},
        {{"host", RULE_PLAIN, false, 0, 0, 0, NULL},
         VISITOR,
         "names a field of"},
        {{"email", RULE_WORD, false, 0, 1, 0, NULL}, VISITOR, "words"},
        {{"expected_at", RULE_TIME, false, 0, INT64_MAX, 0, NULL},
         VISITOR,
         "span"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct rule_table table = {cases[i].type, &cases[i].row, 1};

        err = ERR_NONE;
        assert_false(rules_check(&table, &err));
        assert_int_equal(err.code, ERR_INTERNAL);
        if (strstr(err.text, cases[i].says) == NULL) {
            fail_msg("case %zu: %s", i, err.text);
        }
    }
}

static void refuses_two_rules_for_one_field(void **state)
{
    static const struct rule rows[] = {
        {"email", RULE_EMAIL, false, 0, 0, 0, NULL},
        {"email", RULE_LINE, false, 0, 9, 0, NULL},
    };
    const struct rule_table table = TABLE(VISITOR, rows);

    (void)state;
    assert_false(rules_check(&table, &err));
    assert_non_null(strstr(err.text, "two rules"));
}

static void wants_what_is_required(void **state)
{
    (void)state;
    assert_string_equal(judged(&visitor, "{}"), "first_name required\n");
    assert_string_equal(judged(&visitor, "{\"first_name\":null}"),
                        "first_name required\n");
    assert_string_equal(judged(&visitor, "{\"first_name\":\"\"}"),
                        "first_name required\n");
    assert_string_equal(judged(&contractor, "{\"location_ids\":[]}"),
                        "company required\ncontact.email required\n"
                        "location_ids required\n");
}

static void wants_a_part_only_when_its_whole_was_sent(void **state)
{
    (void)state;
    assert_string_equal(with("host", "null"), "");
    assert_string_equal(with("host", "{}"), "host.email required\n");
    assert_string_equal(with("host", "{\"name\":\"A\"}"),
                        "host.email required\n");
    assert_string_equal(with("host", "{\"email\":\"a@b.c\"}"), "");
}

static void does_not_ask_again_for_what_had_the_wrong_type(void **state)
{
    (void)state;
    assert_string_equal(judged(&visitor, "{\"first_name\":7}"),
                        "first_name wrong_type\n");
    assert_string_equal(with("host", "{\"email\":7}"),
                        "host.email wrong_type\n");
    assert_string_equal(with("host", "7"), "host wrong_type\n");
}

static void refuses_fields_that_no_row_names(void **state)
{
    (void)state;
    assert_string_equal(with("id", "\"vis_1\""), "id not_allowed\n");
    assert_string_equal(faults.list[0].detail.data,
                        "is read-only; leave it out");
    assert_string_equal(with("hist", "1"), "hist unknown_field\n");
    assert_string_equal(faults.list[0].detail.data,
                        "there is no such field; did you mean \"host\"?");
    /* Read-only names are not suggested. */
    assert_string_equal(with("full_nam", "1"), "full_nam unknown_field\n");
    assert_string_equal(
        faults.list[0].detail.data,
        "there is no such field; send only: status, first_name, email, phone, "
        "host, location_id, expected_at, notes, metadata");
    assert_string_equal(judged(&contractor,
                               "{\"company\":\"A\",\"location_ids\":[\"loc_" ID
                               "\"],\"contact\":{\"email\":\"a@b\","
                               "\"name\":\"x\"}}"),
                        "contact.name not_allowed\n");
}

static void counts_code_points_at_the_limit_and_past_it(void **state)
{
    (void)state;
    assert_string_equal(with("notes", "\"ab\""), "");
    assert_string_equal(with("notes", "\"a\""), "notes too_short\n");
    assert_string_equal(with("notes", "\"abcdef\""), "");
    assert_string_equal(with("notes", "\"abcdefg\""), "notes too_long\n");
    assert_string_equal(faults.list[0].detail.data,
                        "must have at most 6 characters, not 7");
    assert_string_equal(with("notes", "\"\xF0\x9F\x98\x80\xF0\x9F\x98\x80"
                                      "\xF0\x9F\x98\x80\xF0\x9F\x98\x80"
                                      "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\""),
                        "");
    assert_string_equal(with("notes", "\"\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"
                                      "\xD7\xA9\xD7\x9C\""),
                        "");
    assert_string_equal(with("notes", "\"\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"
                                      "\xD7\xA9\xD7\x9C\xD7\x9C\""),
                        "notes too_long\n");
    assert_string_equal(with("notes", "\"\xF0\x9F\x98\x80\""),
                        "notes too_short\n");
}

static void wants_one_line_that_is_more_than_blanks(void **state)
{
    static const char *const good[] = {"A", " A ", "\xD7\xA9", "a b"};
    static const char *const bad[] = {" ",       "   ",      "a\\nb",
                                      "\\t",     "a\\tb",    "\\u00a0",
                                      "\\u3000", "\\u200b ", "a\\u2028b"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_string_equal(
            judged(
                &visitor,
                arena_printf(arena, "{\"first_name\":\"%s\"}", good[i]).data),
            "");
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_string_equal(
            judged(&visitor,
                   arena_printf(arena, "{\"first_name\":\"%s\"}", bad[i]).data),
            "first_name bad_format\n");
    }
}

static void all_are(const char *field, bool good, const char *const *texts,
                    size_t count)
{
    const char *want =
        good ? "" : arena_printf(arena, "%s bad_format\n", field).data;

    for (size_t i = 0; i < count; i++) {
        const char *got = with(field, quoted(texts[i]));

        if (strcmp(got, want) != 0) {
            fail_msg("%s %s: \"%s\"", field, texts[i], got);
        }
    }
}

static void knows_an_email_address(void **state)
{
    static const char *const good[] = {
        "a@b",
        "first.last+tag@sub.example.co.uk",
        "o'brien@example.com",
        "\xC3\xBC@m\xC3\xBCller.de",
        "\xD7\xA9@\xD7\xA9.example",
    };
    static const char *const bad[] = {
        "a",       "@b",      "a@",        "a@b@c",      "a b@c",
        "a@b c",   "a@.b",    "a@b.",      "a@b..c",     "a@-b",
        "a@b-.c",  "<a@b>",   "a,b@c",     "a@b\\nc",    "a@b_c",
        "a;b@c.d", "a@b,c@d", "a\\\"@b.c", "a@b\\u00a0",
    };
    char local[66 + sizeof "@example.com"];

    (void)state;
    all_are("email", true, good, COUNT_OF(good));
    all_are("email", false, bad, COUNT_OF(bad));
    memset(local, 'a', 65);
    memcpy(local + 64, "@example.com", sizeof "@example.com");
    assert_string_equal(with("email", quoted(local)), "");
    memset(local, 'a', 65);
    memcpy(local + 65, "@example.com", sizeof "@example.com");
    assert_string_equal(with("email", quoted(local)), "email bad_format\n");
}

static void bounds_an_email_address_by_bytes(void **state)
{
    char email[256] = "a@";

    (void)state;
    memset(email + 2, 'b', 252);
    assert_string_equal(with("email", quoted(email)), ""); /* 254 */
    email[254] = 'b';
    assert_string_equal(with("email", quoted(email)), "email too_long\n");
    assert_string_equal(
        with("host", arena_printf(arena, "{\"email\":\"%s\"}", email).data),
        "host.email bad_format\n");
}

static void knows_a_phone_number(void **state)
{
    static const char *const good[] = {"+1234567", "+493012345678901"};
    static const char *const bad[] = {
        "+123456",  "+1234567890123456", "1234567", "+12 34567",
        "+0301234", "+12345a7",          "+"};

    (void)state;
    all_are("phone", true, good, COUNT_OF(good));
    all_are("phone", false, bad, COUNT_OF(bad));
}

static void knows_what_a_countrys_letters_look_like(void **state)
{
    static const char *const bad[] = {"de", "De", "D",  "DEU", "D1",
                                      "@Z", "A[", "D ", "Ä",   "germany"};

    (void)state;
    assert_string_equal(judged(&location, "{\"address\":{\"country\":\"DE\"}}"),
                        "");
    assert_string_equal(judged(&location, "{\"address\":{\"country\":\"AZ\"}}"),
                        "");
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_string_equal(
            judged(&location,
                   arena_printf(arena, "{\"address\":{\"country\":\"%s\"}}",
                                bad[i])
                       .data),
            "address.country bad_format\n");
    }
}

/* tests/unit/guard/header_test.c has the forms. */
static void knows_headers(void **state)
{
    static const char *const cases[][2] = {
        {"{}", ""},
        {"{\"X-A\":\"b\",\"X-B\":null}", ""},
        {"{\"X A\":\"b\"}", "headers.X A bad_format\n"},
        {"{\"\":\"b\"}", "headers. bad_format\n"},
        {"{\"X-A\":\"\"}", "headers.X-A bad_format\n"},
        {"{\"X-A\":\"a\\nHost: b\"}", "headers.X-A bad_format\n"},
        {"{\"X-A\":1}", "headers.X-A wrong_type\n"},
        {"{\"Host\":\"b\"}", "headers.Host not_allowed\n"},
        {"{\"X-A\":\"********\"}", "headers.X-A not_allowed\n"},
        {"{\"X-A\":\"1\",\"x-a\":\"2\"}", "headers.x-a not_allowed\n"},
        {"{\"A\":\"1\",\"B\":\"2\",\"C\":\"3\"}", "headers too_many\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str body =
            arena_printf(arena,
                         "{\"url\":\"https://a\",\"events\":[\"*\"],"
                         "\"headers\":%s}",
                         cases[i][0]);

        assert_string_equal(judged(&webhook, body.data), cases[i][1]);
    }
}

/* tests/unit/guard/url_test.c has the forms. */
static void knows_an_endpoint(void **state)
{
    (void)state;
    assert_string_equal(judged(&webhook,
                               "{\"url\":\"https://example.com/hook?a=%20\","
                               "\"events\":[\"*\"]}"),
                        "");
    assert_string_equal(judged(&webhook, "{\"url\":\"https://a@example.com\","
                                         "\"events\":[\"*\"]}"),
                        "url bad_format\n");
    assert_string_equal(
        faults.list[0].detail.data,
        "the URL must not hold a user or password: for basic "
        "authentication give the webhook an Authorization header (headers)");
}

/* Under a sanitizer: whichever it is, nothing is left behind. */
static void knows_the_words_of_a_list(void **state)
{
    static const char *const words[] = {"one", "two", "three", NULL};
    static const struct rule rows[] = {
        {"notes", RULE_WORD, false, 1, 9, 0, words}};
    static const struct rule_table table = {VISITOR, rows, COUNT_OF(rows)};

    (void)state;
    assert_string_equal(judged(&table, "{\"notes\":\"one\"}"), "");
    assert_string_equal(judged(&table, "{\"notes\":\"three\"}"), "");
    assert_string_equal(judged(&table, "{\"notes\":\"four\"}"),
                        "notes not_allowed\n");
    assert_string_equal(faults.list[0].detail.data,
                        "must be one of: one, two, three");
}

static void knows_an_id_of_its_kind(void **state)
{
    (void)state;
    assert_string_equal(with("location_id", "\"loc_" ID "\""), "");
    assert_string_equal(with("location_id", "\"vis_" ID "\""),
                        "location_id bad_format\n");
    assert_string_equal(with("location_id", "\"loc_1\""),
                        "location_id bad_format\n");
    assert_string_equal(faults.list[0].detail.data,
                        "must be an id that begins with loc_");
}

static void bounds_a_time_around_now(void **state)
{
    (void)state;
    assert_string_equal(with("expected_at", "\"2026-03-01T09:29:00Z\""), "");
    assert_string_equal(with("expected_at", "\"2026-03-01T11:30:00+01:00\""),
                        "");
    assert_string_equal(with("expected_at", "\"2026-03-01T09:28:59.999Z\""),
                        "expected_at out_of_range\n");
    assert_string_equal(faults.list[0].detail.data,
                        "must not be before 2026-03-01T09:29:00.000Z");
    assert_string_equal(with("expected_at", "\"2026-03-01T10:30:00.001Z\""),
                        "expected_at out_of_range\n");
    assert_string_equal(faults.list[0].detail.data,
                        "must not be after 2026-03-01T10:30:00.000Z");
}

static void bounds_a_number(void **state)
{
    (void)state;
    assert_string_equal(judged(&location, "{\"capacity\":1}"), "");
    assert_string_equal(judged(&location, "{\"capacity\":100}"), "");
    assert_string_equal(judged(&location, "{\"capacity\":0}"),
                        "capacity out_of_range\n");
    assert_string_equal(judged(&location, "{\"capacity\":101}"),
                        "capacity out_of_range\n");
    assert_string_equal(judged(&location, "{\"capacity\":null}"), "");
    assert_string_equal(judged(&location, "{\"on_site_count\":6}"),
                        "on_site_count out_of_range\n");
}

static void bounds_a_list_and_checks_its_entries(void **state)
{
    (void)state;
    assert_string_equal(judged(&webhook,
                               "{\"url\":\"https://a\",\"events\":[\"a\",\"b\","
                               "\"c\"]}"),
                        "");
    assert_string_equal(judged(&webhook,
                               "{\"url\":\"https://a\",\"events\":[\"a\",\"b\","
                               "\"c\",\" \"]}"),
                        "events too_many\nevents[3] bad_format\n");
    assert_string_equal(judged(&contractor,
                               "{\"company\":\"A\",\"contact\":{\"email\":"
                               "\"a@b\"},\"location_ids\":[\"loc_" ID
                               "\",\"x\"]}"),
                        "location_ids[1] bad_format\n");
}

static const char *map_of(size_t key, size_t value)
{
    struct buf text = BUF_EMPTY;
    const char *got = NULL;

    BUF_ADD(&text, "{\"");
    for (size_t i = 0; i < key; i++) {
        BUF_ADD(&text, "\xF0\x9F\x98\x80");
    }
    BUF_ADD(&text, "\":\"");
    for (size_t i = 0; i < value; i++) {
        BUF_ADD(&text, "\xF0\x9F\x98\x80");
    }
    BUF_ADD(&text, "\"}");
    got = with("metadata", buf_cstr(&text));
    buf_free(&text);
    return got;
}

static void bounds_a_map(void **state)
{
    (void)state;
    assert_string_equal(with("metadata", "{\"a\":\"1\",\"b\":\"\"}"), "");
    assert_string_equal(
        with("metadata", "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}"),
        "metadata too_many\n");
    assert_string_equal(with("metadata", "{\"\":\"1\"}"),
                        "metadata. too_short\n");
    assert_string_equal(with("metadata", "{\"a b\":\"1\\n\\t2\"}"), "");
    assert_string_equal(with("metadata", "{\" \":\"1\"}"),
                        "metadata.  bad_format\n");
    assert_string_equal(with("metadata", "{\"a\\nb\":\"1\"}"),
                        "metadata.a\nb bad_format\n");
    assert_string_equal(with("metadata", "{\"a\\tb\":\"1\"}"),
                        "metadata.a\tb bad_format\n");
    assert_string_equal(map_of(40, 500), "");
    assert_non_null(strstr(map_of(41, 500), " too_long\n"));
    assert_non_null(strstr(map_of(40, 501), " too_long\n"));
    assert_int_equal(faults.count, 1);
}

static void tells_of_shape_and_rules_at_once(void **state)
{
    (void)state;
    assert_string_equal(
        judged(&visitor,
               "{\"id\":\"x\",\"bogus\":1,\"status\":\"late\","
               "\"email\":\"nobody\",\"phone\":5,\"notes\":\"much too long\","
               "\"host\":{\"name\":\"too long\",\"email\":1},"
               "\"expected_at\":\"2020-01-01T00:00:00Z\","
               "\"metadata\":{\"a\":1}}"),
        "id not_allowed\nbogus unknown_field\nstatus not_allowed\n"
        "phone wrong_type\nhost.email wrong_type\nmetadata.a wrong_type\n"
        "first_name required\nnotes too_long\nemail bad_format\n"
        "host.name too_long\nexpected_at out_of_range\n");
}

static void refuses_a_body_that_is_no_object(void **state)
{
    (void)state;
    assert_string_equal(judged(&visitor, "[]"), " wrong_type\n");
    assert_string_equal(judged(&visitor, "null"), " wrong_type\n");
    assert_string_equal(faults.list[0].detail.data,
                        "must be an object, not null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tables_of_ours_are_good),
        TEST(refuses_a_table_that_does_not_fit),
        TEST(refuses_two_rules_for_one_field),
        TEST(wants_what_is_required),
        TEST(wants_a_part_only_when_its_whole_was_sent),
        TEST(does_not_ask_again_for_what_had_the_wrong_type),
        TEST(refuses_fields_that_no_row_names),
        TEST(counts_code_points_at_the_limit_and_past_it),
        TEST(wants_one_line_that_is_more_than_blanks),
        TEST(knows_an_email_address),
        TEST(bounds_an_email_address_by_bytes),
        TEST(knows_a_phone_number),
        TEST(knows_what_a_countrys_letters_look_like),
        TEST(knows_an_endpoint),
        TEST(knows_headers),
        TEST(knows_the_words_of_a_list),
        TEST(knows_an_id_of_its_kind),
        TEST(bounds_a_time_around_now),
        TEST(bounds_a_number),
        TEST(bounds_a_list_and_checks_its_entries),
        TEST(bounds_a_map),
        TEST(tells_of_shape_and_rules_at_once),
        TEST(refuses_a_body_that_is_no_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

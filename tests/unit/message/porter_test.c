/* Every message of proto/porter/v1, empty and with every field set, has the
 * JSON form of the API and keeps it through JSON and bytes. */
#include "support.h"

#include "porter/v1/contractor.pb-c.h"
#include "porter/v1/evacuation.pb-c.h"
#include "porter/v1/event.pb-c.h"
#include "porter/v1/location.pb-c.h"
#include "porter/v1/visitor.pb-c.h"
#include "porter/v1/webhook.pb-c.h"

#define T "\"2026-03-01T09:30:00.000Z\""
#define EMPTY_VISITOR                                                          \
    "{\"id\":null,\"status\":null,\"first_name\":null,\"last_name\":null,"     \
    "\"full_name\":null,\"email\":null,\"phone\":null,\"company\":null,"       \
    "\"visitor_type\":null,\"host\":null,\"location_id\":null,"                \
    "\"purpose\":null,\"expected_at\":null,\"expected_until\":null,"           \
    "\"checked_in_at\":null,\"checked_out_at\":null,\"badge_number\":null,"    \
    "\"vehicle_plate\":null,\"notes\":null,\"metadata\":{},"                   \
    "\"created_at\":null,\"updated_at\":null}"
#define FULL_VISITOR                                                           \
    "{\"id\":\"vis_1\",\"status\":\"checked_in\",\"first_name\":"              \
    "\"Zo\xC3\xAB\","                                                          \
    "\"last_name\":\"\xD7\x9B\xD7\x94\xD7\x9F\",\"full_name\":\"Z\","          \
    "\"email\":\"z@example.com\",\"phone\":\"+4930123456\","                   \
    "\"company\":\"\xF0\x9F\x8F\xA2\",\"visitor_type\":\"guest\","             \
    "\"host\":{\"name\":\"Ann\",\"email\":\"ann@example.com\"},"               \
    "\"location_id\":\"loc_1\",\"purpose\":\"p\",\"expected_at\":" T           \
    ",\"expected_until\":" T ",\"checked_in_at\":" T ",\"checked_out_at\":" T  \
    ",\"badge_number\":\"7\",\"vehicle_plate\":\"B AB 1\","                    \
    "\"notes\":\"one\\ntwo\",\"metadata\":{\"b\":\"1\",\"a\":\"2\"},"          \
    "\"created_at\":" T ",\"updated_at\":" T "}"

static const struct {
    const ProtobufCMessageDescriptor *type;
    const char *empty;
    const char *full;
} forms[] = {
    {&porter__v1__visitor__descriptor, EMPTY_VISITOR, FULL_VISITOR},
    {&porter__v1__host__descriptor, "{\"name\":null,\"email\":null}",
     "{\"name\":\"n\",\"email\":\"e\"}"},
    {&porter__v1__address__descriptor,
     "{\"line1\":null,\"line2\":null,\"city\":null,\"region\":null,"
     "\"postal_code\":null,\"country\":null}",
     "{\"line1\":\"1\",\"line2\":\"2\",\"city\":\"c\",\"region\":\"r\","
     "\"postal_code\":\"p\",\"country\":\"DE\"}"},
    {&porter__v1__location__descriptor,
     "{\"id\":null,\"name\":null,\"timezone\":null,\"address\":null,"
     "\"capacity\":null,\"on_site_count\":0,\"created_at\":null,"
     "\"updated_at\":null}",
     "{\"id\":\"loc_1\",\"name\":\"HQ\",\"timezone\":\"Europe/Berlin\","
     "\"address\":{\"line1\":null,\"line2\":null,\"city\":\"Berlin\","
     "\"region\":null,\"postal_code\":null,\"country\":\"DE\"},"
     "\"capacity\":0,\"on_site_count\":12,\"created_at\":" T
     ",\"updated_at\":" T "}"},
    {&porter__v1__contractor__descriptor,
     "{\"id\":null,\"status\":null,\"company\":null,\"contact\":null,"
     "\"trade\":null,\"location_ids\":[],\"insurance_expires_at\":null,"
     "\"induction_completed_at\":null,\"approved_at\":null,"
     "\"approved_by\":null,\"valid_until\":null,\"metadata\":{},"
     "\"created_at\":null,\"updated_at\":null,\"rejected_at\":null,"
     "\"rejected_by\":null,\"reason\":null,\"compliance\":null}",
     "{\"id\":\"con_1\",\"status\":\"approved\",\"company\":\"ACME\","
     "\"contact\":{\"name\":\"Bo\",\"email\":\"b@example.com\","
     "\"phone\":\"+4930123456\"},\"trade\":\"t\","
     "\"location_ids\":[\"loc_1\",\"loc_2\"],\"insurance_expires_at\":" T
     ",\"induction_completed_at\":" T ",\"approved_at\":" T
     ",\"approved_by\":\"usr_1\",\"valid_until\":" T
     ",\"metadata\":{\"k\":\"\"},\"created_at\":" T ",\"updated_at\":" T
     ",\"rejected_at\":" T ",\"rejected_by\":\"usr_2\",\"reason\":\"r\","
     "\"compliance\":{\"status\":\"expiring\","
     "\"reasons\":[\"insurance_missing\",\"approval_expiring\"],"
     "\"expires_at\":" T "}}"},
    {&porter__v1__evacuation__descriptor,
     "{\"id\":null,\"location_id\":null,\"status\":null,\"reason\":null,"
     "\"drill\":false,\"activated_at\":null,\"activated_by\":null,"
     "\"ended_at\":null,\"on_site\":[],\"on_site_count\":0,"
     "\"accounted_for_count\":0,\"ended_by\":null,\"updated_at\":null}",
     "{\"id\":\"evac_1\",\"location_id\":\"loc_1\",\"status\":\"ended\","
     "\"reason\":\"r\",\"drill\":true,\"activated_at\":" T
     ",\"activated_by\":\"usr_1\",\"ended_at\":" T
     ",\"on_site\":[{\"visitor_id\":\"vis_1\",\"full_name\":\"Z\","
     "\"host\":{\"name\":\"Ann\",\"email\":null},\"checked_in_at\":" T
     ",\"accounted_for\":true,\"accounted_for_at\":" T
     ",\"accounted_for_by\":\"key_1\"},"
     "{\"visitor_id\":\"vis_2\",\"full_name\":null,"
     "\"host\":null,\"checked_in_at\":null,\"accounted_for\":false,"
     "\"accounted_for_at\":null,\"accounted_for_by\":null}],"
     "\"on_site_count\":2,\"accounted_for_count\":1,"
     "\"ended_by\":\"usr_2\",\"updated_at\":" T "}"},
    {&porter__v1__webhook__descriptor,
     "{\"id\":null,\"url\":null,\"description\":null,\"events\":[],"
     "\"status\":null,\"disabled_reason\":null,\"ordering\":null,"
     "\"created_at\":null,\"updated_at\":null,"
     "\"secret_overlap_until\":null,\"health\":null,"
     "\"failing_since\":null,\"next_probe_at\":null,\"headers\":{},"
     "\"client_certificate\":null,"
     "\"retry_schedule\":null,\"max_age_seconds\":null}",
     "{\"id\":\"whk_1\",\"url\":\"https://example.com\","
     "\"description\":\"d\",\"events\":[\"*\"],\"status\":\"disabled\","
     "\"disabled_reason\":\"gone\",\"ordering\":\"subject\","
     "\"created_at\":" T ",\"updated_at\":" T ",\"secret_overlap_until\":" T
     ",\"health\":\"failing\",\"failing_since\":" T ",\"next_probe_at\":" T
     ",\"headers\":{\"X-A\":\"b\"},\"client_certificate\":{"
     "\"certificate\":\"c\",\"private_key\":\"k\",\"subject\":\"CN=a\","
     "\"fingerprint\":\"f\",\"expires_at\":" T "},"
     "\"retry_schedule\":{\"waits_seconds\":[5]},\"max_age_seconds\":60}"},
    {&porter__v1__event__descriptor,
     "{\"id\":null,\"type\":null,\"api_version\":null,\"created_at\":null,"
     "\"organization_id\":null,\"data\":null,\"request_id\":null}",
     "{\"id\":\"evt_1\",\"type\":\"visitor.checked_in\","
     "\"api_version\":\"v1\",\"created_at\":" T
     ",\"organization_id\":\"org_1\",\"data\":{\"visitor\":" FULL_VISITOR
     "},\"test\":true,\"request_id\":\"req_1\"}"},
    {&porter__v1__event_data__descriptor, "{}",
     "{\"visitor\":" EMPTY_VISITOR "}"},
};

static void has_its_form_when_nothing_is_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        assert_string_equal(written(message_new(forms[i].type, arena)),
                            forms[i].empty);
    }
}

static void has_its_form_when_everything_is_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        ProtobufCMessage *m = parse(forms[i].type, forms[i].full);

        assert_string_equal(told(), "");
        assert_string_equal(written(m), forms[i].full);
    }
}

static void keeps_its_form_through_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        ProtobufCMessage *m = parse(forms[i].type, forms[i].full);
        struct buf bytes = BUF_EMPTY;

        message_pack(m, &bytes);
        assert_true(
            message_unpack(forms[i].type, buf_str(&bytes), arena, &m, &err));
        assert_string_equal(written(m), forms[i].full);
        buf_free(&bytes);
    }
}

static void tells_of_a_visitors_faults_at_once(void **state)
{
    (void)state;
    assert_null(parse(&porter__v1__visitor__descriptor,
                      "{\"frist_name\":\"x\",\"host\":{\"mail\":1,"
                      "\"email\":7},\"status\":\"here\","
                      "\"expected_at\":\"tomorrow\","
                      "\"metadata\":{\"badge\":7},\"email\":null}"));
    assert_string_equal(told(),
                        "frist_name unknown_field\nhost.mail unknown_field\n"
                        "host.email wrong_type\nstatus not_allowed\n"
                        "expected_at bad_format\n"
                        "metadata.badge wrong_type\n");
    assert_string_equal(faults.list[0].detail.data,
                        "there is no such field; did you mean \"first_name\"?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(has_its_form_when_nothing_is_set),
        TEST(has_its_form_when_everything_is_set),
        TEST(keeps_its_form_through_bytes),
        TEST(tells_of_a_visitors_faults_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

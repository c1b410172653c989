/* Sample data for Test sends and docs: what a real event looks like.
 *
 * The resources are written as the API's own JSON and read by the same schema
 * as any request, so a sample can't drift from it. Ids and times are new. */
#include "store/event.h"

#include "base/clock.h"
#include "json/json.h"
#include "message/message.h"
#include "store/compliance.h"

#include <assert.h>

#define MINUTE_US (60 * US_PER_S)
#define TIMES_MAX 6

/* A time field and how far from now it lies. */
struct sample_time {
    const char *path;
    int64_t minutes;
};

struct sample {
    const ProtobufCMessageDescriptor *type;
    const char *json;
    struct sample_time times[TIMES_MAX];
};

#define VISITOR_REST                                                            \
    "\"first_name\":\"Zoë\",\"last_name\":\"Muñoz-Brückner\",\"full_name\":" \
    "\"Zoë "                                                                   \
    "Muñoz-Brückner\",\"email\":\"zoe.munoz@example.com\",\"phone\":\"+"      \
    "4930901820\","                                                             \
    "\"company\":\"Łukasiewicz & Sønner\","                                   \
    "\"visitor_type\":\"interview\",\"host\":{\"name\":\"Aylın "               \
    "Öztürk\",\"email\":\"aylin.oeztuerk@example.org\"},"                     \
    "\"purpose\":\"Vorstellungsgespräch, 3. Stock – 会議室\","            \
    "\"vehicle_plate\":\"B-PR 2026\",\"metadata\":{\"badge_colour\":"           \
    "\"grün\",\"ticket\":\"HR-4711\"}}"

#define CONTRACTOR_REST                                                            \
    "\"company\":\"Dvořák Klimatechnik s.r.o.\",\"contact\":{\"name\":\"Jiří " \
    "Dvořák\",\"email\":\"jiri@example.com\",\"phone\":\"+420224810101\"},"      \
    "\"trade\":\"hvac\",\"metadata\":{\"permit\":\"heiß\"}}"

#define EVACUATION_REST                                                        \
    "\"drill\":true,\"reason\":\"Probealarm – Übung\",\"activated_by\":"    \
    "\"front desk\",\"on_site\":[{\"visitor_id\":"                             \
    "\"vis_01jd0000000000000000000000\",\"full_name\":\"Zoë "                 \
    "Muñoz-Brückner\",\"host\":{\"name\":\"Aylın Öztürk\",\"email\":"     \
    "\"aylin.oeztuerk@example.org\"},\"accounted_for\":"

#define WEBHOOK_REST                                                           \
    "\"url\":\"https://hooks.example.com/"                                     \
    "porter\",\"description\":\"Türanzeige"                                   \
    " – 3. Stock\",\"events\":[\"visitor.checked_in\"],\"ordering\":\"none\"}"

static const struct sample samples[EVENT_TYPE_COUNT] = {
    [EVENT_VISITOR_PRE_REGISTERED] = {&porter__v1__visitor__descriptor,
                                      "{\"status\":\"expected\"," VISITOR_REST,
                                      {{"expected_at", 60},
                                       {"expected_until", 120},
                                       {"created_at", 0},
                                       {"updated_at", 0}}},
    [EVENT_VISITOR_CHECKED_IN] =
        {&porter__v1__visitor__descriptor,
         "{\"status\":\"checked_in\",\"badge_number\":\"0042\"," VISITOR_REST,
         {{"expected_at", 5},
          {"expected_until", 65},
          {"checked_in_at", 0},
          {"created_at", -1440},
          {"updated_at", 0}}},
    [EVENT_VISITOR_CHECKED_OUT] =
        {&porter__v1__visitor__descriptor,
         "{\"status\":\"checked_out\",\"badge_number\":\"0042\"," VISITOR_REST,
         {{"expected_at", -60},
          {"expected_until", 0},
          {"checked_in_at", -65},
          {"checked_out_at", 0},
          {"created_at", -1440},
          {"updated_at", 0}}},
    [EVENT_VISITOR_CANCELLED] = {&porter__v1__visitor__descriptor,
                                 "{\"status\":\"cancelled\"," VISITOR_REST,
                                 {{"expected_at", 60},
                                  {"expected_until", 120},
                                  {"created_at", -1440},
                                  {"updated_at", 0}}},
    [EVENT_CONTRACTOR_CREATED] = {&porter__v1__contractor__descriptor,
                                  "{\"status\":\"pending\"," CONTRACTOR_REST,
                                  {{"insurance_expires_at", 259200},
                                   {"created_at", 0},
                                   {"updated_at", 0}}},
    [EVENT_CONTRACTOR_APPROVED] =
        {&porter__v1__contractor__descriptor,
         "{\"status\":\"approved\",\"approved_by\":\"front "
         "desk\"," CONTRACTOR_REST,
         {{"approved_at", 0},
          {"induction_completed_at", -2880},
          {"insurance_expires_at", 259200},
          {"valid_until", 525600},
          {"created_at", -4320},
          {"updated_at", 0}}},
    [EVENT_CONTRACTOR_REJECTED] =
        {&porter__v1__contractor__descriptor,
         "{\"status\":\"rejected\",\"rejected_by\":\"front "
         "desk\",\"reason\":\"Versicherung fehlt\"," CONTRACTOR_REST,
         {{"rejected_at", 0}, {"created_at", -4320}, {"updated_at", 0}}},
    [EVENT_EVACUATION_ACTIVATED] = {&porter__v1__evacuation__descriptor,
                                    "{\"status\":\"active\"," EVACUATION_REST
                                    "false}],\"on_site_count\":1}",
                                    {{"activated_at", 0}, {"updated_at", 0}}},
    [EVENT_EVACUATION_ENDED] =
        {&porter__v1__evacuation__descriptor,
         "{\"status\":\"ended\"," EVACUATION_REST
         "true,\"accounted_for_by\":\"front "
         "desk\"}],\"on_site_count\":1,\"accounted_for_count\":1,\"ended_by\":"
         "\"front desk\"}",
         {{"activated_at", -20}, {"ended_at", 0}, {"updated_at", 0}}},
    [EVENT_WEBHOOK_FAILING] =
        {&porter__v1__webhook__descriptor,
         "{\"status\":\"enabled\",\"health\":\"failing\"," WEBHOOK_REST,
         {{"created_at", -43200},
          {"updated_at", -1440},
          {"failing_since", 0},
          {"next_probe_at", 1}}},
    [EVENT_WEBHOOK_DISABLED] =
        {&porter__v1__webhook__descriptor,
         "{\"status\":\"disabled\",\"disabled_reason\":\"Nothing but failures "
         "for five days.\",\"health\":\"ok\"," WEBHOOK_REST,
         {{"created_at", -43200}, {"updated_at", 0}}},
    [EVENT_WEBHOOK_RECOVERED] =
        {&porter__v1__webhook__descriptor,
         "{\"status\":\"enabled\",\"health\":\"recovering\"," WEBHOOK_REST,
         {{"created_at", -43200}, {"updated_at", -1440}}},
};

/* Why, beside an operational event's webhook. */
static const struct sample troubles[EVENT_TYPE_COUNT] = {
    [EVENT_WEBHOOK_FAILING] = {&porter__v1__webhook_trouble__descriptor,
                               "{\"status\":503,\"failure_count\":10,"
                               "\"detail\":\"The endpoint answered 503, it is "
                               "not available: check that the server runs.\"}",
                               {{"since", 0}}},
    [EVENT_WEBHOOK_DISABLED] =
        {&porter__v1__webhook_trouble__descriptor,
         "{\"failure\":\"timeout\",\"failure_count\":480,\"held_count\":1250,"
         "\"detail\":\"The endpoint did not answer within 15 s: answer 2xx "
         "first, and do the work afterwards.\"}",
         {{"since", -7200}}},
    [EVENT_WEBHOOK_RECOVERED] =
        {&porter__v1__webhook_trouble__descriptor,
         "{\"status\":204,\"failure_count\":14,\"held_count\":37,\"detail\":"
         "\"It answers again: what was held goes out now.\"}",
         {{"since", -12}}},
};

static ProtobufCMessage *sample_read(const struct sample *sample,
                                     struct arena *arena)
{
    ProtobufCMessage *m = NULL;
    struct json *root = NULL;
    struct faults faults;
    struct err err = ERR_NONE;
    bool ok = json_read(str_of(sample->json), &root, &err);

    assert(ok);
    faults_init(&faults, arena);
    ok = message_read_json(root, sample->type, arena, &faults, &m);
    assert(ok);
    (void)ok;
    json_free(root);
    return m;
}

static void set_text(ProtobufCMessage *m, const char *path, struct str text,
                     struct arena *arena)
{
    struct message_field f = message_find(m, str_of(path), arena);

    assert(f.field != NULL);
    message_set_text(f, text, arena);
}

static void set_place(ProtobufCMessage *m, struct arena *arena)
{
    struct id_text place = id_text(ID_LOCATION, id_new());

    if (m->descriptor == &porter__v1__contractor__descriptor) {
        struct err err = ERR_NONE;
        struct str json = arena_printf(arena, "[\"%s\"]", place.data);
        bool ok = message_set_json(message_find(m, STR("location_ids"), arena),
                                   json, arena, &err);

        assert(ok);
        (void)ok;
        return;
    }
    if (m->descriptor != &porter__v1__webhook__descriptor) {
        set_text(m, "location_id", str_of(place.data), arena);
    }
}

static void set_times(ProtobufCMessage *m, const struct sample *sample,
                      int64_t now_us, struct arena *arena)
{
    for (size_t i = 0; i < TIMES_MAX && sample->times[i].path != NULL; i++) {
        message_set_time(message_find(m, str_of(sample->times[i].path), arena),
                         now_us + sample->times[i].minutes * MINUTE_US, arena);
    }
}

static void set_trouble(Porter__V1__Event *event, enum event_type type,
                        int64_t now_us, struct arena *arena)
{
    ProtobufCMessage *m = sample_read(&troubles[type], arena);

    set_times(m, &troubles[type], now_us, arena);
    event_set_trouble(event, (Porter__V1__WebhookTrouble *)(void *)m);
}

Porter__V1__Event *event_sample(enum event_type type, const struct cause *cause,
                                int64_t now_us, struct arena *arena)
{
    const struct sample *sample = &samples[type];
    struct id_text id = id_text(event_types[type].subject, id_new());
    ProtobufCMessage *m = sample_read(sample, arena);
    Porter__V1__Event *event = NULL;

    assert(type < EVENT_TYPE_COUNT);
    set_text(m, "id", str_of(id.data), arena);
    set_place(m, arena);
    set_times(m, sample, now_us, arena);
    if (event_types[type].subject == ID_CONTRACTOR) {
        contractor_assess((Porter__V1__Contractor *)(void *)m, now_us, arena);
    } else if (event_types[type].subject == ID_EVACUATION) {
        Porter__V1__Evacuation *e = (Porter__V1__Evacuation *)(void *)m;

        ProtobufCMessage *person = &e->on_site[0]->base;

        message_set_time(message_find(person, STR("checked_in_at"), arena),
                         now_us - 90 * MINUTE_US, arena);
        if (e->on_site[0]->accounted_for) {
            message_set_time(
                message_find(person, STR("accounted_for_at"), arena),
                now_us - 10 * MINUTE_US, arena);
        }
    }
    event = event_new(type, cause, m, now_us, arena);
    if (event_is_operational(type)) {
        set_trouble(event, type, now_us, arena);
    }
    event->kind_case = PORTER__V1__EVENT__KIND_TEST;
    event->test = true;
    return event;
}

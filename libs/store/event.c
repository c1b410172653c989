/* Building events: types, subjects, topics, samples. Pure but for new ids. */
#include "store/event.h"

#include "json/json.h"
#include "message/message.h"

#include <assert.h>

#define TOPIC_VISITORS "porter.visitors.v1"
#define TOPIC_CONTRACTORS "porter.contractors.v1"
#define TOPIC_EVACUATIONS "porter.evacuations.v1"
#define TOPIC_WEBHOOKS "porter.webhooks.v1"

/* clang-format off */
#define TYPES(ROW) \
    ROW(EVENT_VISITOR_PRE_REGISTERED, "visitor.pre_registered", "visitors", TOPIC_VISITORS, \
        ID_VISITOR, "A visitor was pre-registered.") \
    ROW(EVENT_VISITOR_CHECKED_IN, "visitor.checked_in", "visitors", TOPIC_VISITORS, \
        ID_VISITOR, "A visitor checked in.") \
    ROW(EVENT_VISITOR_CHECKED_OUT, "visitor.checked_out", "visitors", TOPIC_VISITORS, \
        ID_VISITOR, "A visitor checked out.") \
    ROW(EVENT_VISITOR_CANCELLED, "visitor.cancelled", "visitors", TOPIC_VISITORS, \
        ID_VISITOR, "A visit was cancelled.") \
    ROW(EVENT_CONTRACTOR_CREATED, "contractor.created", "contractors", TOPIC_CONTRACTORS, \
        ID_CONTRACTOR, "A contractor was entered and waits for approval.") \
    ROW(EVENT_CONTRACTOR_APPROVED, "contractor.approved", "contractors", TOPIC_CONTRACTORS, \
        ID_CONTRACTOR, "A contractor was approved.") \
    ROW(EVENT_CONTRACTOR_REJECTED, "contractor.rejected", "contractors", TOPIC_CONTRACTORS, \
        ID_CONTRACTOR, "A contractor was rejected.") \
    ROW(EVENT_EVACUATION_ACTIVATED, "evacuation.activated", "evacuations", TOPIC_EVACUATIONS, \
        ID_EVACUATION, "Evacuation mode was activated.") \
    ROW(EVENT_EVACUATION_ENDED, "evacuation.ended", "evacuations", TOPIC_EVACUATIONS, \
        ID_EVACUATION, "An evacuation has ended.") \
    ROW(EVENT_WEBHOOK_FAILING, "webhook.failing", "webhooks", TOPIC_WEBHOOKS, \
        ID_WEBHOOK, "A webhook's endpoint only fails: its events are held.") \
    ROW(EVENT_WEBHOOK_DISABLED, "webhook.disabled", "webhooks", TOPIC_WEBHOOKS, \
        ID_WEBHOOK, "A webhook was disabled because its endpoint is gone, or failed for too long.") \
    ROW(EVENT_WEBHOOK_RECOVERED, "webhook.recovered", "webhooks", TOPIC_WEBHOOKS, \
        ID_WEBHOOK, "A webhook that was failing gets events again.")
#define AS_ROW(type, name, aggregate, topic, subject, help) \
    [type] = {name, aggregate, topic, subject, help},
#define AS_WORD(type, name, aggregate, topic, subject, help) [type] = (name),

const struct event_type_row event_types[EVENT_TYPE_COUNT] = {TYPES(AS_ROW)};
const char *const event_type_words[EVENT_TYPE_COUNT + 1] = {TYPES(AS_WORD)};
/* clang-format on */

const char *const event_topics[] = {TOPIC_VISITORS, TOPIC_CONTRACTORS,
                                    TOPIC_EVACUATIONS, TOPIC_WEBHOOKS, NULL};
const char event_dead_letters_topic[] = "porter.dead-letters.v1";

bool event_type_find(struct str name, enum event_type *out)
{
    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++) {
        if (str_eq(name, str_of(event_types[i].name))) {
            *out = (enum event_type)i;
            return true;
        }
    }
    return false;
}

bool event_is_operational(enum event_type type)
{
    assert(type < EVENT_TYPE_COUNT);
    return event_types[type].subject == ID_WEBHOOK;
}

struct str event_subject(const Porter__V1__Event *event)
{
    const Porter__V1__EventData *data = event->data;

    if (data->resource_case == PORTER__V1__EVENT_DATA__RESOURCE_VISITOR) {
        return str_of(data->visitor->id);
    }
    if (data->resource_case == PORTER__V1__EVENT_DATA__RESOURCE_CONTRACTOR) {
        return str_of(data->contractor->id);
    }
    if (data->resource_case == PORTER__V1__EVENT_DATA__RESOURCE_WEBHOOK) {
        return str_of(data->webhook->id);
    }
    assert(data->resource_case == PORTER__V1__EVENT_DATA__RESOURCE_EVACUATION);
    return str_of(data->evacuation->id);
}

unsigned event_shard(struct id subject)
{
    return (unsigned)(id_hash(subject) % OUTBOX_SHARDS);
}

static void attach(Porter__V1__EventData *data, enum id_kind subject,
                   ProtobufCMessage *resource)
{
    if (subject == ID_VISITOR) {
        assert(resource->descriptor == &porter__v1__visitor__descriptor);
        data->resource_case = PORTER__V1__EVENT_DATA__RESOURCE_VISITOR;
        data->visitor = (Porter__V1__Visitor *)(void *)resource;
    } else if (subject == ID_CONTRACTOR) {
        assert(resource->descriptor == &porter__v1__contractor__descriptor);
        data->resource_case = PORTER__V1__EVENT_DATA__RESOURCE_CONTRACTOR;
        data->contractor = (Porter__V1__Contractor *)(void *)resource;
    } else if (subject == ID_EVACUATION) {
        assert(resource->descriptor == &porter__v1__evacuation__descriptor);
        data->resource_case = PORTER__V1__EVENT_DATA__RESOURCE_EVACUATION;
        data->evacuation = (Porter__V1__Evacuation *)(void *)resource;
    } else {
        assert(subject == ID_WEBHOOK);
        assert(resource->descriptor == &porter__v1__webhook__descriptor);
        data->resource_case = PORTER__V1__EVENT_DATA__RESOURCE_WEBHOOK;
        data->webhook = (Porter__V1__Webhook *)(void *)resource;
    }
}

/* The field `name` of m; it must be there. */
static struct message_field field(ProtobufCMessage *m, const char *name,
                                  struct arena *arena)
{
    struct message_field f = message_find(m, str_of(name), arena);

    assert(f.field != NULL);
    return f;
}

Porter__V1__Event *event_new(enum event_type type, const struct cause *cause,
                             ProtobufCMessage *resource, int64_t now_us,
                             struct arena *arena)
{
    const struct event_type_row *row = &event_types[type];
    const struct id id =
        id_is_zero(cause->event_id) ? id_new() : cause->event_id;
    Porter__V1__Event *e = arena_take(arena, sizeof(*e));
    Porter__V1__EventData *data = arena_take(arena, sizeof(*data));
    ProtobufCMessage *m = &e->base;

    assert(type < EVENT_TYPE_COUNT);
    porter__v1__event__init(e);
    porter__v1__event_data__init(data);
    message_set_text(field(m, "id", arena), str_of(id_text(ID_EVENT, id).data),
                     arena);
    message_set_text(field(m, "type", arena), str_of(row->name), arena);
    message_set_text(field(m, "api_version", arena), STR(EVENT_API_VERSION),
                     arena);
    message_set_time(field(m, "created_at", arena), now_us, arena);
    message_set_text(field(m, "organization_id", arena),
                     str_of(id_text(ID_ORGANIZATION, cause->org_id).data),
                     arena);
    if (cause->request_id.len > 0) {
        message_set_text(field(m, "request_id", arena), cause->request_id,
                         arena);
    }
    attach(data, row->subject, resource);
    e->data = data;
    return e;
}

void event_set_trouble(Porter__V1__Event *event,
                       Porter__V1__WebhookTrouble *trouble)
{
    assert(event->data->resource_case ==
           PORTER__V1__EVENT_DATA__RESOURCE_WEBHOOK);
    event->data->more_case = PORTER__V1__EVENT_DATA__MORE_TROUBLE;
    event->data->trouble = trouble;
}

void event_body(const Porter__V1__Event *event, struct buf *out)
{
    struct json_writer w = json_writer(out);

    message_write_json(&event->base, &w);
}

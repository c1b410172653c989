/* Building events: the one place that knows their types, subjects and topics.
 */
#ifndef PORTER_STORE_EVENT_H
#define PORTER_STORE_EVENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "store/cause.h"

#include "porter/v1/event.pb-c.h"

#define EVENT_API_VERSION "v1"
#define OUTBOX_SHARDS 16

enum event_type {
    EVENT_VISITOR_PRE_REGISTERED,
    EVENT_VISITOR_CHECKED_IN,
    EVENT_VISITOR_CHECKED_OUT,
    EVENT_VISITOR_CANCELLED,
    EVENT_CONTRACTOR_CREATED,
    EVENT_CONTRACTOR_APPROVED,
    EVENT_CONTRACTOR_REJECTED,
    EVENT_EVACUATION_ACTIVATED,
    EVENT_EVACUATION_ENDED,
    /* Operational: about the deliveries themselves. */
    EVENT_WEBHOOK_FAILING,
    EVENT_WEBHOOK_DISABLED,
    EVENT_WEBHOOK_RECOVERED,
    EVENT_TYPE_COUNT
};

/* One row per type: its name, its aggregate (Kafka topic
 * porter.<aggregate>.v1), the kind of its subject, one sentence. */
struct event_type_row {
    const char *name;
    const char *aggregate;
    const char *topic;
    enum id_kind subject;
    const char *help;
};
extern const struct event_type_row event_types[EVENT_TYPE_COUNT];
/* Their names alone, NULL-terminated. */
extern const char *const event_type_words[EVENT_TYPE_COUNT + 1];

/* All topics, each once, NULL-terminated; and the dead-letter topic. */
extern const char *const event_topics[];
extern const char event_dead_letters_topic[];

/* False when there is no such type. */
MUST_USE bool event_type_find(struct str name, enum event_type *out);

/* Does it tell of a webhook, not of what people do? */
bool event_is_operational(enum event_type type);

/* The id of what it is about: vis_… and so on; the event's. */
struct str event_subject(const Porter__V1__Event *event);

/* The shard of a subject. */
unsigned event_shard(struct id subject);

/* An event about a Visitor, Contractor, Evacuation or Webhook message (by type;
 * the resource is borrowed by the event). id is the cause's or new, time is
 * now_us. */
Porter__V1__Event *event_new(enum event_type type, const struct cause *cause,
                             ProtobufCMessage *resource, int64_t now_us,
                             struct arena *arena);

/* Of an operational event: why; borrowed by the event. */
void event_set_trouble(Porter__V1__Event *event,
                       Porter__V1__WebhookTrouble *trouble);

/* Sample data for Test sends and docs: what a real one looks like, "test":
 * true. */
Porter__V1__Event *event_sample(enum event_type type, const struct cause *cause,
                                int64_t now_us, struct arena *arena);

/* The webhook body: the event's JSON. */
void event_body(const Porter__V1__Event *event, struct buf *out);

#endif

/* Kafka record -> event. Pure: this is where bytes from outside are read. */
#ifndef PORTER_DISPATCHER_DECODE_H
#define PORTER_DISPATCHER_DECODE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "bus/record.h"
#include "store/event.h"

/* An event with what the road needs to know of it; memory is the arena's. */
struct decoded {
    Porter__V1__Event *message;
    struct id id;
    struct id org_id;
    enum event_type type;
    int64_t created_at_us;
    bool is_test;
    struct str subject;     /* Kafka's key: "vis_…" */
    struct str traceparent; /* STR_NONE: none, or not of the form we send on */
    struct str request_id;  /* The same. */
    int64_t webhooks_version; /* 0: not said. INT64_MAX: can not be known */
};

/* ERR_MALFORMED: not a porter.v1.Event. ERR_INVALID: one, but a field that the
 * road depends on is missing or wrong. The sentence is the dead letter's
 * reason. */
MUST_USE bool decode_event(const struct record *r, struct arena *arena,
                           struct decoded *out, struct err *err);

#endif

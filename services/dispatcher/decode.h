/* Kafka record -> event. Pure: this is where bytes from outside are read. */
#ifndef PORTER_DISPATCHER_DECODE_H
#define PORTER_DISPATCHER_DECODE_H

#include "dispatcher/job.h"

#include "base/arena.h"
#include "base/buf.h"
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
    struct str subject;    /* Kafka's key: "vis_…" */
    struct str request_id; /* STR_NONE: none, or not of the form we send on */
    /* As the record has it: the span is its cause. Without a good one it is a
     * trace of the event's id, of which this is the beginning: span 0. */
    struct trace trace;
    int64_t webhooks_version; /* 0: not said. INT64_MAX: can not be known */
    bool is_again;            /* Who sent it says it may have come before. */
};

/* ERR_MALFORMED: not a porter.v1.Event. ERR_INVALID: one, but a field that the
 * road depends on is missing or wrong. The sentence is the dead letter's
 * reason. */
MUST_USE bool decode_event(const struct record *r, struct arena *arena,
                           struct decoded *out, struct err *err);

/* The body of its webhooks, rendered once for all of them; `scratch` is used
 * for that. It counts in `load`; the caller releases it. */
MUST_USE struct body *decoded_body(const struct decoded *e, struct load *load,
                                   struct buf *scratch);

#endif

/* The gateway's spans (docs/tracing.md): a request, and an event on its way to
 * Kafka. Each function does nothing when its trace is not recorded. */
#ifndef PORTER_GATEWAY_SPANS_H
#define PORTER_GATEWAY_SPANS_H

#include "gateway/call.h"
#include "store/delivery.h"
#include "trace/tracer.h"

/* Find the request's place in a trace; whether one that begins here is
 * recorded, is decided now. */
void spans_begin(struct call *call);

/* A step of the pipeline: the request, when all is known of it. */
bool spans_request(struct call *call, struct err *err);

/* A sample was made: it is not on Kafka, so this is what its attempt belongs to
 * in place of a record's processing. */
void spans_sample(struct call *call, const struct delivery *d);

/* What goes on with the row's record in place of its own traceparent: the span
 * of its sending, when that is recorded. */
struct str spans_onward(const struct tracer *t, const struct outbox_row *row,
                        struct arena *arena);

/* The broker has the row's record, which was sent at sent_us (steady). */
void spans_sent(struct tracer *t, const struct outbox_row *row,
                int64_t sent_us);

#endif

/* The dispatcher's spans (docs/tracing.md): an event that is matched, and each
 * attempt. Each function does nothing when its trace is not recorded. */
#ifndef PORTER_DISPATCHER_SPANS_H
#define PORTER_DISPATCHER_SPANS_H

#include "dispatcher/decode.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/request.h"

/* A record that names no trace begins one: is it recorded? */
void spans_begin(const struct dispatcher *d, struct decoded *e);

/* So many deliveries were made of it. */
void spans_processed(const struct dispatcher *d, const struct decoded *e,
                     const struct record_place *place, int64_t began_us,
                     size_t deliveries);

/* It has its outcome. */
void spans_attempt(const struct dispatcher *d, const struct job *j,
                   struct request_moment began, int64_t took_us);

#endif

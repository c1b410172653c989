/* Which request is this? Its id, and its place in a distributed trace. Pure
 * but for the random numbers. */
#ifndef PORTER_GATEWAY_TRACE_H
#define PORTER_GATEWAY_TRACE_H

#include "base/arena.h"
#include "base/macros.h"
#include "base/str.h"
#include "base/traceparent.h"

/* The caller's id when it is one (store/cause.h), else a new req_…, in the
 * arena. */
struct str trace_request_id(struct str given, struct arena *arena);

/* The request's place: a span of ours in the given trace, of which *parent is
 * the span that caused it; or (0) a new, unsampled trace when none, or no good
 * one, was given. */
struct trace trace_begin(struct str given, uint64_t *parent);

#endif

/* Which request is this? Its id, and its place in a distributed trace. Pure
 * but for the random numbers. */
#ifndef PORTER_GATEWAY_TRACE_H
#define PORTER_GATEWAY_TRACE_H

#include "base/arena.h"
#include "base/macros.h"
#include "base/str.h"

#define TRACEPARENT_LEN 55 /* 00-<32 hex>-<16 hex>-<2 hex> */

/* The caller's id when it is one (store/cause.h), else a new req_…, in the
 * arena. */
struct str trace_request_id(struct str given, struct arena *arena);

/* Is it a well-formed W3C traceparent of version 00? */
bool trace_is_parent(struct str s);

/* What goes on to whom we cause work: the given trace with a span of ours, or
 * a new, unsampled trace when none (or no good one) was given. */
struct str trace_child(struct str given, struct arena *arena);

#endif

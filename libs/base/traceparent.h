/* W3C Trace Context (level 2): to which trace a piece of work belongs, and
 * which span of it caused it or is it. Pure, but for the random ids.
 *
 * Some spans' ids follow from what they are about, so that any process can name
 * them without being told: that of a record's processing is the parent of all
 * attempts of its deliveries, also of those made days later from a row. */
#ifndef PORTER_BASE_TRACEPARENT_H
#define PORTER_BASE_TRACEPARENT_H

#include "base/id.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define TRACEPARENT_LEN 55 /* 00-<32 hex>-<16 hex>-<2 hex> */
#define TRACE_ID_LEN 32

#define TRACE_SAMPLED 0x01 /* Whoever began the trace records it. */
#define TRACE_RANDOM 0x02  /* The last 7 bytes of the trace's id are random. */

struct trace {
    struct id id;  /* 16 bytes of any form; all zero: there is no trace */
    uint64_t span; /* 0: none yet */
    uint8_t flags; /* TRACE_… */
};

/* A header's value. False unless it is well formed and of version 00; flags
 * that we don't know are dropped. */
MUST_USE bool traceparent_read(struct str s, struct trace *out);

struct traceparent_text {
    char data[TRACEPARENT_LEN + 1];
};
struct traceparent_text traceparent_text(struct trace t);

/* The trace's id alone, as logs have it. */
struct trace_id_text {
    char data[TRACE_ID_LEN + 1];
};
struct trace_id_text trace_id_text(struct id id);

/* A new trace, without a span. */
struct trace trace_new(void);

/* A new span's id, never 0. */
uint64_t trace_span_new(void);

/* Spans that are about an event, whose id theirs follow from. */
enum trace_role { TRACE_SENDING = 1, TRACE_PROCESSING };
uint64_t trace_span_of(struct id event_id, enum trace_role role);

/* The same trace at another span. */
static inline struct trace trace_at(struct trace trace, uint64_t span)
{
    trace.span = span;
    return trace;
}

#endif

/* Traces for operators: spans go to a collector of OpenTelemetry's, by OTLP
 * over HTTP.
 *
 * Lossy under pressure, and never in the way: tracer_add copies a span into a
 * queue of fixed size and is done; one thread of the tracer's own sends what is
 * there. When the collector is slow or away the queue fills, what comes then is
 * dropped, and every span that does not arrive is counted with the reason.
 * Off is a NULL tracer, which costs a branch. Thread-safe. */
#ifndef PORTER_TRACE_TRACER_H
#define PORTER_TRACE_TRACER_H

#include "trace/options.h"
#include "trace/span.h"

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

#define TRACER_FLUSH_MS 2000 /* What closing takes at most. */

struct tracer;

/* What became of spans. */
enum tracer_fate {
    TRACER_SENT,
    TRACER_FULL,    /* Dropped: the queue was full. */
    TRACER_REFUSED, /* Dropped: the collector does not want them. */
    TRACER_LOST,    /* Dropped: the collector did not answer in time. */
    TRACER_FATES
};
/* "sent", "full", "refused", "lost", NULL: for a table of metrics. */
extern const char *const tracer_fate_words[TRACER_FATES + 1];

/* Called by any thread that adds, and by the tracer's. */
typedef void tracer_count_fn(void *user, enum tracer_fate fate, size_t spans);
/* Called by the tracer's thread, once per change: the collector does not take
 * spans, and why; NULL: it does again. */
typedef void tracer_tell_fn(void *user, const struct err *why);

struct tracer_options {
    const char *endpoint; /* "": off */
    const char *headers;
    const char *sample;
    const char *ca_file; /* NULL, "": the system's */
    const char *service; /* "porter-gateway" */
    tracer_count_fn *count;
    tracer_tell_fn *tell;
    void *user;
};

/* The texts must have passed the checks of options.h; all are copied, but
 * `service` (a literal). *out is NULL when traces are off. */
MUST_USE bool tracer_open(const struct tracer_options *opts,
                          struct tracer **out, struct err *err);

/* Send what is left, within TRACER_FLUSH_MS, and end the thread. Nobody may add
 * any more. Accepts NULL. */
void tracer_close(struct tracer *t);

/* A trace that begins here: with the flag that says whether it is recorded.
 * (One that came from elsewhere keeps what was decided there.) */
struct trace tracer_begin(const struct tracer *t, struct trace trace);

/* Are spans of this trace wanted? Ask before a span is made. */
static inline bool tracer_wants(const struct tracer *t, struct trace trace)
{
    return t != NULL && (trace.flags & TRACE_SAMPLED) != 0;
}

/* Its id when they are; else all zero. */
static inline struct id tracer_recorded(const struct tracer *t,
                                        struct trace trace)
{
    return tracer_wants(t, trace) ? trace.id : (struct id){{0}};
}

void tracer_add(struct tracer *t, const struct span *s);

#endif

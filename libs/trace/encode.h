/* Spans <-> OTLP's bytes. Pure. */
#ifndef PORTER_TRACE_ENCODE_H
#define PORTER_TRACE_ENCODE_H

#include "trace/span.h"

#include "base/arena.h"
#include "base/buf.h"

/* Who tells: the resource's attributes. */
struct encode_who {
    const char *service; /* "porter-gateway" */
    struct id instance;  /* This process. */
};

/* Append an ExportTraceServiceRequest of all these spans; `arena` is only used
 * in here. */
void encode_spans(const struct encode_who *who,
                  const struct span_kept *const *list, size_t count,
                  struct arena *arena, struct buf *out);

/* How many spans the answer says were rejected; 0 also when it says nothing
 * that can be read. */
size_t encode_rejected(struct str answer, struct arena *arena);

#endif

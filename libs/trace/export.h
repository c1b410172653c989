/* The tracer's thread and what it needs; inside libs/trace only. */
#ifndef PORTER_TRACE_EXPORT_H
#define PORTER_TRACE_EXPORT_H

#include "trace/encode.h"
#include "trace/queue.h"
#include "trace/tracer.h"

#include "base/arena.h"
#include "base/buf.h"
#include "fetch/fetch.h"

#include <pthread.h>
#include <stdatomic.h>

#define EXPORT_OWN_HEADERS 2

/* Filled by tracer_open before the thread starts and not changed afterwards,
 * but for what is marked. */
struct tracer {
    struct tracer_options opts; /* Its texts are not kept. */
    uint64_t threshold;
    char *url;
    char *headers[TRACE_HEADERS_MAX];
    size_t header_count;
    struct encode_who who;
    struct span_queue *queue;
    _Atomic int64_t until_us; /* Steady: when to be gone; INT64_MAX: not yet. */
    pthread_t thread;
    /* The thread's own, while it runs. */
    struct fetch *fetch;
    const struct span_kept *batch[SPAN_BATCH_MAX];
    struct arena *arena;
    struct buf body;
    bool is_away; /* Told so. */
};

/* The thread: until the queue is stopped and empty, or until_us. */
void *export_run(void *tracer);

#endif

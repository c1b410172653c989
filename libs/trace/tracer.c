/* Opening, closing, and the way in.
 *
 * Threads: any may add (the queue guards itself); one sends (export.c) and owns
 * the HTTP handle, the arena and the batch's bytes from its start until
 * tracer_close has joined it. */
#include "trace/tracer.h"

#include "trace/export.h"

#include "base/clock.h"

#include <assert.h>
#include <stdlib.h>

#define CONNECT_MS 3000
#define TOTAL_MS 10000 /* OpenTelemetry's default. */
#define ANSWER_MAX 65536
#define ARENA_BYTES 262144

_Static_assert(TRACE_HEADERS_MAX + EXPORT_OWN_HEADERS <= FETCH_HEADERS_MAX,
               "all are sent");

const char *const tracer_fate_words[TRACER_FATES + 1] = {
    [TRACER_SENT] = "sent",
    [TRACER_FULL] = "full",
    [TRACER_REFUSED] = "refused",
    [TRACER_LOST] = "lost",
};

static void tracer_free(struct tracer *t)
{
    fetch_close(t->fetch);
    span_queue_free(t->queue);
    arena_free(t->arena);
    buf_free(&t->body);
    for (size_t i = 0; i < t->header_count; i++) {
        explicit_bzero(t->headers[i], strlen(t->headers[i]));
        free(t->headers[i]);
    }
    free(t->url);
    free(t);
}

static char *url_of(const char *endpoint)
{
    struct str base = str_of(endpoint);
    struct buf url = BUF_EMPTY;
    char *copy = NULL;

    while (base.len > 0 && base.data[base.len - 1] == '/') {
        base.len--;
    }
    buf_add(&url, base);
    BUF_ADD(&url, TRACE_PATH);
    copy = str_dup(buf_str(&url));
    buf_free(&url);
    return copy;
}

bool tracer_open(const struct tracer_options *opts, struct tracer **out,
                 struct err *err)
{
    const struct fetch_options fetch = {
        .max_transfers = 1,
        .max_idle = 1,
        .connect_ms = CONNECT_MS,
        .total_ms = TOTAL_MS,
        .response_max = ANSWER_MAX,
        .keep_max = ANSWER_MAX,
        .ca_file = opts->ca_file,
    };
    struct tracer *t = NULL;

    if (opts->endpoint[0] == '\0') {
        *out = NULL;
        return true;
    }
    t = mem_zero(1, sizeof *t);
    t->opts = *opts;
    t->who = (struct encode_who){opts->service, id_new()};
    t->url = url_of(opts->endpoint);
    t->header_count = trace_headers_read(opts->headers, t->headers);
    t->queue = span_queue_new();
    t->arena = arena_new(ARENA_BYTES);
    atomic_init(&t->until_us, INT64_MAX);
    if (!trace_sample_read(opts->sample, &t->threshold, err) ||
        !fetch_open(&fetch, &t->fetch, err)) {
        goto out;
    }
    if (pthread_create(&t->thread, NULL, export_run, t) != 0) {
        (void)err_set(err, ERR_INTERNAL, "traces: no thread left");
        goto out;
    }
    *out = t;
    return true;

out:
    tracer_free(t);
    return false;
}

void tracer_close(struct tracer *t)
{
    if (t == NULL) {
        return;
    }
    atomic_store(&t->until_us, clock_steady_us() + TRACER_FLUSH_MS * US_PER_MS);
    span_queue_stop(t->queue);
    fetch_wake(t->fetch);
    (void)pthread_join(t->thread, NULL);
    tracer_free(t);
}

struct trace tracer_begin(const struct tracer *t, struct trace trace)
{
    if (t != NULL && trace_is_chosen(trace.id, t->threshold)) {
        trace.flags |= TRACE_SAMPLED;
    }
    return trace;
}

void tracer_add(struct tracer *t, const struct span *s)
{
    assert(t != NULL);
    if (!span_queue_put(t->queue, s)) {
        t->opts.count(t->opts.user, TRACER_FULL, 1);
    }
}

/* The thread that sends: batch -> bytes -> one POST at a time -> its answer.
 *
 * Happy path: span_queue_wait, encode, post, drop the batch from the queue.
 * Endings, by the protocol: 200 may say that some were rejected; 429, 502, 503,
 * 504 and no answer at all are tried again, after Retry-After or twice as long
 * each time, TRIES_MAX times in all; anything else is a refusal. While a batch
 * is tried again the queue takes in what it has room for.
 *
 * Stopped (tracer_close, from another thread: it sets until_us, stops the queue
 * and wakes the transfer): nothing is tried again, what is left is sent as far
 * as until_us allows, the rest counts as lost. */
#include "trace/export.h"

#include "base/clock.h"
#include "base/random.h"

#include <stdlib.h>

#define TRIES_MAX 5
#define WAIT_FIRST_US 1000000 /* Before the second try; then twice as long. */
#define WAIT_MAX_US 30000000
#define TURN_MS                                                                \
    200             /* Between looks at the time while an answer is awaited.   \
                     */
#define HTTP_GOOD 2 /* 2xx */

struct reply {
    bool is_there;
    enum fetch_failure failure;
    unsigned status;
    int64_t retry_after_s;
    size_t rejected;
    struct arena *arena;
    char detail[160];
};

static void answered(void *user, const struct fetch_answer *a)
{
    struct reply *r = user;

    r->is_there = true;
    r->failure = a->failure;
    r->status = a->status;
    r->retry_after_s = a->retry_after_s;
    memcpy(r->detail, a->detail, sizeof r->detail);
    if (a->failure == FETCH_OK && a->status / 100 == HTTP_GOOD) {
        r->rejected = encode_rejected(a->body, r->arena);
    }
}

static bool is_late(const struct tracer *t)
{
    return clock_steady_us() >= atomic_load(&t->until_us);
}

/* One try. False only when it can't be made at all. */
static bool post(struct tracer *t, struct reply *r, struct err *err)
{
    struct fetch_request request = {.url = t->url, .body = buf_str(&t->body)};

    request.headers[request.header_count++] =
        "Content-Type: application/x-protobuf";
    request.headers[request.header_count++] = "User-Agent: Porter-Traces/1";
    for (size_t i = 0; i < t->header_count; i++) {
        request.headers[request.header_count++] = t->headers[i];
    }
    *r = (struct reply){.arena = t->arena, .retry_after_s = -1};
    if (!fetch_start(t->fetch, &request, err)) {
        return false;
    }
    while (!r->is_there && !is_late(t)) {
        fetch_wait(t->fetch, TURN_MS, answered, r);
    }
    return true;
}

static bool is_worth_another(const struct reply *r)
{
    return r->failure != FETCH_OK || r->status == 429 || r->status == 502 ||
           r->status == 503 || r->status == 504;
}

static int64_t wait_us(const struct reply *r, unsigned tries)
{
    int64_t us = (int64_t)WAIT_FIRST_US << (tries - 1);

    if (r->retry_after_s >= 0) {
        return MIN_OF(r->retry_after_s, WAIT_MAX_US / US_PER_S) * US_PER_S;
    }
    return (int64_t)((double)us * (0.5 + random_unit()));
}

/* Once per change. */
static void tell(struct tracer *t, const struct err *why)
{
    bool is_away = why != NULL;

    if (t->is_away != is_away && t->opts.tell != NULL) {
        t->opts.tell(t->opts.user, why);
    }
    t->is_away = is_away;
}

static void tell_reply(struct tracer *t, const struct reply *r)
{
    struct err why = ERR_NONE;

    if (r->failure != FETCH_OK) {
        (void)err_set(&why, ERR_UNAVAILABLE, "no answer: %s", r->detail);
    } else {
        (void)err_set(&why, ERR_UNAVAILABLE, "it answered %u", r->status);
    }
    tell(t, &why);
}

/* What became of the batch whose bytes are in t->body. */
static enum tracer_fate send_batch(struct tracer *t, size_t *rejected)
{
    struct reply r = {.failure = FETCH_OK};
    struct err err = ERR_NONE;

    for (unsigned tries = 1; !is_late(t); tries++) {
        if (!post(t, &r, &err)) {
            tell(t, &err);
            return TRACER_REFUSED;
        }
        if (!r.is_there) {
            break;
        }
        if (r.failure == FETCH_OK && r.status / 100 == HTTP_GOOD) {
            tell(t, NULL);
            *rejected = r.rejected;
            return TRACER_SENT;
        }
        tell_reply(t, &r);
        if (!is_worth_another(&r)) {
            return TRACER_REFUSED;
        }
        if (tries == TRIES_MAX ||
            span_queue_rest(t->queue, wait_us(&r, tries))) {
            break;
        }
    }
    return TRACER_LOST;
}

static void count(struct tracer *t, enum tracer_fate fate, size_t spans)
{
    if (spans > 0) {
        t->opts.count(t->opts.user, fate, spans);
    }
}

void *export_run(void *tracer)
{
    struct tracer *t = tracer;
    enum tracer_fate fate = TRACER_LOST;
    size_t spans = 0;

    while ((spans = span_queue_wait(t->queue, t->batch)) > 0) {
        size_t rejected = 0;

        fate = TRACER_LOST;
        if (!is_late(t)) {
            arena_reset(t->arena);
            buf_clear(&t->body);
            encode_spans(&t->who, t->batch, spans, t->arena, &t->body);
            fate = send_batch(t, &rejected);
        }
        rejected = MIN_OF(rejected, spans);
        count(t, fate, spans - rejected);
        count(t, TRACER_REFUSED, rejected);
        span_queue_drop(t->queue, spans);
    }
    return NULL;
}

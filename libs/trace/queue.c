/* A ring behind one lock. The taker reads its batch without the lock: those who
 * put write only where it does not read, until it moves on. */
#include "trace/queue.h"

#include "base/clock.h"
#include "base/cond.h"
#include "base/err.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

_Static_assert(sizeof(struct span_kept) < 2048, "as queue.h says");

struct span_queue {
    pthread_mutex_t lock;
    pthread_cond_t news;
    size_t first; /* The taker's; the ring's other end is first + count. */
    size_t count;
    bool is_stopped;
    struct span_kept ring[SPAN_QUEUE_MAX];
};

struct span_queue *span_queue_new(void)
{
    struct span_queue *q = mem_zero(1, sizeof *q);

    (void)pthread_mutex_init(&q->lock, NULL);
    cond_init_steady(&q->news);
    return q;
}

void span_queue_free(struct span_queue *q)
{
    if (q != NULL) {
        (void)pthread_cond_destroy(&q->news);
        (void)pthread_mutex_destroy(&q->lock);
        free(q);
    }
}

bool span_queue_put(struct span_queue *q, const struct span *s)
{
    bool is_told = false;
    bool ok = false;

    (void)pthread_mutex_lock(&q->lock);
    ok = q->count < SPAN_QUEUE_MAX;
    if (ok) {
        span_keep(s, &q->ring[(q->first + q->count) % SPAN_QUEUE_MAX]);
        q->count++;
        is_told = q->count == 1 || q->count == SPAN_BATCH_MAX;
    }
    (void)pthread_mutex_unlock(&q->lock);
    if (is_told) {
        (void)pthread_cond_signal(&q->news);
    }
    return ok;
}

size_t span_queue_wait(struct span_queue *q,
                       const struct span_kept *list[static SPAN_BATCH_MAX])
{
    int64_t until_us = 0;
    size_t count = 0;

    (void)pthread_mutex_lock(&q->lock);
    while (q->count == 0 && !q->is_stopped) {
        (void)pthread_cond_wait(&q->news, &q->lock);
    }
    until_us = clock_steady_us() + SPAN_WAIT_US;
    while (q->count < SPAN_BATCH_MAX && !q->is_stopped &&
           clock_steady_us() < until_us) {
        cond_wait_us(&q->news, &q->lock, until_us - clock_steady_us());
    }
    count = MIN_OF(q->count, (size_t)SPAN_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        list[i] = &q->ring[(q->first + i) % SPAN_QUEUE_MAX];
    }
    (void)pthread_mutex_unlock(&q->lock);
    return count;
}

void span_queue_drop(struct span_queue *q, size_t count)
{
    (void)pthread_mutex_lock(&q->lock);
    assert(count <= q->count);
    q->first = (q->first + count) % SPAN_QUEUE_MAX;
    q->count -= count;
    (void)pthread_mutex_unlock(&q->lock);
}

bool span_queue_rest(struct span_queue *q, int64_t rest_us)
{
    int64_t until_us = clock_steady_us() + rest_us;
    bool is_stopped = false;

    (void)pthread_mutex_lock(&q->lock);
    while (!q->is_stopped && clock_steady_us() < until_us) {
        cond_wait_us(&q->news, &q->lock, until_us - clock_steady_us());
    }
    is_stopped = q->is_stopped;
    (void)pthread_mutex_unlock(&q->lock);
    return is_stopped;
}

void span_queue_stop(struct span_queue *q)
{
    (void)pthread_mutex_lock(&q->lock);
    q->is_stopped = true;
    (void)pthread_mutex_unlock(&q->lock);
    (void)pthread_cond_broadcast(&q->news);
}

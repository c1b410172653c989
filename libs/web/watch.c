/* A sweep reads one line of memory per thread; nothing wakes the threads that
 * wait in time. A cut is shutdown(2): the waiting thread sees the end of the
 * stream and closes as if the client had gone. */
#include "web/watch.h"

#include "base/clock.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SWEEP_EVERY_MS 100
#define BUSY_OF 4 /* Busy from 3 of 4 threads on. */
#define BUSY_FROM 3

struct watch_slot {
    struct watch *watch;
    pthread_mutex_t lock; /* Guards fd: it is open while it is not -1. */
    int fd;
    bool is_cut; /* Read side closed already. */
    _Atomic int phase;
    _Atomic int64_t since_us;
} __attribute__((aligned(64)));

struct watch {
    struct watch_options opts;
    struct watch_slot *slots;
    atomic_uint taken;
    atomic_uint connections;
    atomic_bool idle_end;
    atomic_bool ending;
    atomic_bool stopping;
    pthread_t thread;
};

static int64_t limit_of(const struct watch *w, enum watch_phase phase,
                        bool busy)
{
    return busy ? w->opts.busy_limit_us[phase] : w->opts.limit_us[phase];
}

static bool is_over(const struct watch *w, const struct watch_slot *s,
                    int64_t now_us, bool busy)
{
    enum watch_phase phase = (enum watch_phase)atomic_load(&s->phase);
    int64_t limit_us = limit_of(w, phase, busy);

    if (phase == WATCH_IDLE && atomic_load(&w->idle_end)) {
        return true;
    }
    return phase != WATCH_FREE && limit_us > 0 &&
           now_us - atomic_load(&s->since_us) > limit_us;
}

/* Looks again under the lock: the connection may have moved on meanwhile. A
 * reader may still say why it goes; who does not take its answer may not. */
static void cut(struct watch *w, struct watch_slot *s, int64_t now_us,
                bool busy, bool always)
{
    pthread_mutex_lock(&s->lock);
    if (s->fd >= 0 && (always || is_over(w, s, now_us, busy))) {
        bool writes = atomic_load(&s->phase) == WATCH_ANSWER;
        shutdown(s->fd, always || writes || s->is_cut ? SHUT_RDWR : SHUT_RD);
        s->is_cut = true;
    }
    pthread_mutex_unlock(&s->lock);
}

static void sweep(struct watch *w)
{
    unsigned count = atomic_load(&w->taken);
    int64_t now_us = clock_steady_us();
    bool ending = atomic_load(&w->ending);
    bool busy = watch_is_busy(w);

    for (unsigned i = 0; i < count; i++) {
        struct watch_slot *s = &w->slots[i];
        if (ending || is_over(w, s, now_us, busy)) {
            cut(w, s, now_us, busy, ending);
        }
    }
}

static void *watch_run(void *arg)
{
    struct watch *w = arg;
    const struct timespec rest = {0, SWEEP_EVERY_MS * 1000000L};

    while (!atomic_load(&w->stopping)) {
        sweep(w);
        nanosleep(&rest, NULL);
    }
    return NULL;
}

bool watch_open(const struct watch_options *opts, struct watch **out,
                struct err *err)
{
    struct watch *w = mem_zero(1, sizeof(*w));
    size_t bytes = opts->slots * sizeof(*w->slots);
    int failed = 0;

    assert(opts->slots > 0);
    w->opts = *opts;
    w->slots = aligned_alloc(_Alignof(struct watch_slot), bytes);
    if (w->slots == NULL) {
        oom(bytes);
    }
    memset(w->slots, 0, bytes);
    for (unsigned i = 0; i < opts->slots; i++) {
        w->slots[i].watch = w;
        w->slots[i].fd = -1;
        pthread_mutex_init(&w->slots[i].lock, NULL);
    }
    failed = pthread_create(&w->thread, NULL, watch_run, w);
    if (failed != 0) {
        free(w->slots);
        free(w);
        return err_set(err, ERR_UNAVAILABLE, "can't start a thread: %s",
                       strerror(failed));
    }
    *out = w;
    return true;
}

void watch_close(struct watch *w)
{
    if (w == NULL) {
        return;
    }
    atomic_store(&w->stopping, true);
    pthread_join(w->thread, NULL);
    for (unsigned i = 0; i < w->opts.slots; i++) {
        pthread_mutex_destroy(&w->slots[i].lock);
    }
    free(w->slots);
    free(w);
}

struct watch_slot *watch_slot(struct watch *w)
{
    unsigned i = atomic_fetch_add(&w->taken, 1);

    assert(i < w->opts.slots);
    return &w->slots[i];
}

void watch_begin(struct watch_slot *s, int fd)
{
    watch_phase(s, WATCH_GREET);
    pthread_mutex_lock(&s->lock);
    s->fd = fd;
    s->is_cut = false;
    pthread_mutex_unlock(&s->lock);
    atomic_fetch_add(&s->watch->connections, 1);
}

void watch_end(struct watch_slot *s)
{
    pthread_mutex_lock(&s->lock);
    s->fd = -1;
    pthread_mutex_unlock(&s->lock);
    atomic_store(&s->phase, WATCH_FREE);
    atomic_fetch_sub(&s->watch->connections, 1);
}

void watch_phase(struct watch_slot *s, enum watch_phase phase)
{
    atomic_store(&s->since_us, clock_steady_us());
    atomic_store(&s->phase, phase);
}

int64_t watch_phase_us(const struct watch_slot *s)
{
    return clock_steady_us() - atomic_load(&s->since_us);
}

bool watch_was_cut(struct watch_slot *s)
{
    bool was_cut = false;

    pthread_mutex_lock(&s->lock);
    was_cut = s->is_cut;
    pthread_mutex_unlock(&s->lock);
    return was_cut;
}

bool watch_is_gone(struct watch_slot *s)
{
    struct pollfd look = {.events = POLLRDHUP};

    pthread_mutex_lock(&s->lock);
    look.fd = s->fd;
    pthread_mutex_unlock(&s->lock);
    return poll(&look, 1, 0) > 0;
}

unsigned watch_slots_taken(const struct watch *w)
{
    return atomic_load(&w->taken);
}

unsigned watch_connections(const struct watch *w)
{
    return atomic_load(&w->connections);
}

bool watch_is_busy(const struct watch *w)
{
    return watch_connections(w) * BUSY_OF >= w->opts.slots * BUSY_FROM;
}

void watch_end_idle(struct watch *w)
{
    atomic_store(&w->idle_end, true);
}

void watch_end_all(struct watch *w)
{
    atomic_store(&w->ending, true);
}

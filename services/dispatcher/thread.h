/* A stage's thread: started, told to stop, joined. */
#ifndef PORTER_DISPATCHER_THREAD_H
#define PORTER_DISPATCHER_THREAD_H

#include "base/err.h"
#include "base/macros.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct thread {
    pthread_t id;
    bool is_started;
    bool is_joined;
    _Atomic bool is_stopping;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    void (*run)(void *user);
    void *user;
    char name[16];
};

MUST_USE bool thread_start(struct thread *t, const char *name,
                           void (*run)(void *user), void *user,
                           struct err *err);
bool thread_is_stopping(struct thread *t);

/* Sleep; true when it was told to stop meanwhile or before. */
bool thread_rest(struct thread *t, unsigned rest_ms);

/* Tell it; wait for it. Both may be called again, and when never started. */
void thread_stop(struct thread *t);
void thread_join(struct thread *t);

#endif

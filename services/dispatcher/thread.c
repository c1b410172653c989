/* A thread of a stage, from its start to its end. */
#include "dispatcher/thread.h"

#include "base/clock.h"
#include "base/cond.h"

#include <stdio.h>
#include <string.h>

static void *thread_main(void *user)
{
    struct thread *t = user;

    (void)pthread_setname_np(pthread_self(), t->name);
    t->run(t->user);
    return NULL;
}

bool thread_start(struct thread *t, const char *name, void (*run)(void *user),
                  void *user, struct err *err)
{
    (void)snprintf(t->name, sizeof t->name, "%s", name);
    t->run = run;
    t->user = user;
    t->is_joined = false;
    atomic_init(&t->is_stopping, false);
    pthread_mutex_init(&t->lock, NULL);
    cond_init_steady(&t->stop);
    int failure = pthread_create(&t->id, NULL, thread_main, t);
    if (failure != 0) {
        return err_set(err, ERR_UNAVAILABLE, "can't start thread %s: %s", name,
                       strerror(failure));
    }
    t->is_started = true;
    return true;
}

bool thread_is_stopping(struct thread *t)
{
    return atomic_load(&t->is_stopping);
}

bool thread_rest(struct thread *t, unsigned rest_ms)
{
    pthread_mutex_lock(&t->lock);
    if (!thread_is_stopping(t)) {
        cond_wait_us(&t->stop, &t->lock, rest_ms * US_PER_MS);
    }
    pthread_mutex_unlock(&t->lock);
    return thread_is_stopping(t);
}

void thread_stop(struct thread *t)
{
    if (!t->is_started) {
        return;
    }
    pthread_mutex_lock(&t->lock);
    atomic_store(&t->is_stopping, true);
    pthread_cond_broadcast(&t->stop);
    pthread_mutex_unlock(&t->lock);
}

void thread_join(struct thread *t)
{
    if (!t->is_started || t->is_joined) {
        return;
    }
    pthread_join(t->id, NULL);
    t->is_joined = true;
}

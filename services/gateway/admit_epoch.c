/* One thread: read, remember when the reading began, sleep. */
#include "gateway/admit_epoch.h"

#include "base/clock.h"
#include "base/latch.h"
#include "store/keycache.h"

#include <pthread.h>
#include <stdlib.h>

#define STOP 1

struct epoch {
    struct db *db;
    pthread_t thread;
    struct latch stop;
    pthread_mutex_t lock;
    int64_t value;
    int64_t trusted_until_us;
};

static void read_once(struct epoch *e)
{
    /* Trust counts from before the question: what was bumped after that is
     * not in the answer. */
    const int64_t asked_us = clock_steady_us();
    struct err ignored = ERR_NONE; /* Shows as cache_is_trusted. */
    int64_t value = 0;

    if (!key_epoch(e->db, &value, &ignored)) {
        return;
    }
    (void)pthread_mutex_lock(&e->lock);
    e->value = value;
    e->trusted_until_us = asked_us + KEY_EPOCH_TRUST_MS * US_PER_MS;
    (void)pthread_mutex_unlock(&e->lock);
}

static void *follow(void *user)
{
    struct epoch *e = user;

    do {
        read_once(e);
    } while (latch_wait(&e->stop, clock_steady_us() +
                                      EPOCH_PERIOD_MS * US_PER_MS) != STOP);
    return NULL;
}

bool epoch_open(struct db *db, struct epoch **out, struct err *err)
{
    struct epoch *e = mem_zero(1, sizeof *e);

    e->db = db;
    latch_init(&e->stop);
    (void)pthread_mutex_init(&e->lock, NULL);
    if (pthread_create(&e->thread, NULL, follow, e) != 0) {
        (void)pthread_mutex_destroy(&e->lock);
        free(e);
        return err_set(err, ERR_UNAVAILABLE, "can't start the epoch's thread");
    }
    *out = e;
    return true;
}

void epoch_close(struct epoch *e)
{
    if (e == NULL) {
        return;
    }
    latch_set(&e->stop, STOP);
    (void)pthread_join(e->thread, NULL);
    (void)pthread_mutex_destroy(&e->lock);
    free(e);
}

bool epoch_get(struct epoch *e, int64_t *out)
{
    bool is_trusted = false;

    (void)pthread_mutex_lock(&e->lock);
    is_trusted = clock_steady_us() < e->trusted_until_us;
    if (is_trusted) {
        *out = e->value;
    }
    (void)pthread_mutex_unlock(&e->lock);
    return is_trusted;
}

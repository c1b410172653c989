/* A counting lock with a bounded queue before it. */
#include "gateway/passwords.h"

#include "base/clock.h"
#include "base/cond.h"
#include "crypt/crypt.h"

#include <pthread.h>
#include <stdlib.h>

#define AT_ONCE_MAX 4 /* 128 MiB in all. */
#define WAITING_MAX 32
#define WAIT_MS 5000

struct passwords {
    pthread_mutex_t lock;
    pthread_cond_t is_free;
    unsigned at_work;
    unsigned waiting;
};

struct passwords *passwords_new(void)
{
    struct passwords *p = mem_zero(1, sizeof *p);

    (void)pthread_mutex_init(&p->lock, NULL);
    cond_init_steady(&p->is_free);
    return p;
}

void passwords_free(struct passwords *p)
{
    if (p != NULL) {
        (void)pthread_cond_destroy(&p->is_free);
        (void)pthread_mutex_destroy(&p->lock);
        free(p);
    }
}

/* Under the lock. */
static bool wait_for_turn(struct passwords *p)
{
    const int64_t until_us = clock_steady_us() + WAIT_MS * US_PER_MS;

    if (p->waiting >= WAITING_MAX) {
        return false;
    }
    p->waiting++;
    while (p->at_work >= AT_ONCE_MAX && clock_steady_us() < until_us) {
        cond_wait_us(&p->is_free, &p->lock, until_us - clock_steady_us());
    }
    p->waiting--;
    return p->at_work < AT_ONCE_MAX;
}

static bool enter(struct passwords *p, struct err *err)
{
    bool may = true;

    (void)pthread_mutex_lock(&p->lock);
    may = p->at_work < AT_ONCE_MAX || wait_for_turn(p);
    p->at_work += may ? 1 : 0;
    (void)pthread_mutex_unlock(&p->lock);
    return may || err_set(err, ERR_LIMITED,
                          "too many passwords are being checked at this "
                          "moment; nothing was done");
}

static void leave(struct passwords *p)
{
    (void)pthread_mutex_lock(&p->lock);
    p->at_work--;
    (void)pthread_cond_signal(&p->is_free);
    (void)pthread_mutex_unlock(&p->lock);
}

bool passwords_check(struct passwords *p, struct str password,
                     struct str stored, bool *right, struct err *err)
{
    if (!enter(p, err)) {
        return false;
    }
    if (stored.len > 0) {
        *right = crypt_password_verify(password, stored);
    } else {
        crypt_password_pretend(password);
        *right = false;
    }
    leave(p);
    return true;
}

bool passwords_hash(struct passwords *p, struct str password, struct buf *out,
                    struct err *err)
{
    if (!enter(p, err)) {
        return false;
    }
    crypt_password_hash(password, out);
    leave(p);
    return true;
}

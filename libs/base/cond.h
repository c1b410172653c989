/* Condition variables on the steady clock: no wait is shorter or longer because
 * somebody set the wall clock. */
#ifndef PORTER_BASE_COND_H
#define PORTER_BASE_COND_H

#include <pthread.h>
#include <stdint.h>

void cond_init_steady(pthread_cond_t *c);

/* Wait for a signal, at most so long; with the lock held. It may end before
 * either: look again. */
void cond_wait_us(pthread_cond_t *c, pthread_mutex_t *lock, int64_t wait_us);

#endif

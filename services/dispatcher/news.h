/* News of endpoints, on their way from the workers to the thread that tells
 * everybody.
 *
 * A bounded queue; any thread may add, one takes. What has no room is dropped:
 * circuits.c finds it by what is held. */
#ifndef PORTER_DISPATCHER_NEWS_H
#define PORTER_DISPATCHER_NEWS_H

#include "dispatcher/thread.h"

#include "base/id.h"
#include "base/str.h"
#include "store/circuit.h"

#include <pthread.h>

#define NEWS_MAX 256
#define NEWS_DETAIL_BYTES 400 /* Of a sentence; what is longer is cut. */

enum news_kind {
    NEWS_FELL,
    NEWS_FAILED,
    NEWS_WELL,
    NEWS_DOUBT,
    NEWS_GONE,
    NEWS_QUIET, /* Never told. */
};

struct news {
    enum news_kind kind;
    struct webhook_key key;
    unsigned failures; /* FELL */
    /* What the last attempt said; its word is one of explain.c's. */
    int status;
    struct str failure;
    int64_t not_before_us;
    int64_t seen_us; /* See struct circuit_why. */
    char detail[NEWS_DETAIL_BYTES];
};

struct news_queue {
    pthread_mutex_t lock; /* Guards what follows. */
    pthread_cond_t came;
    struct news list[NEWS_MAX];
    size_t count;
};

void news_open(struct news_queue *q);

/* Unless it is what was last told of the webhook. (Of two attempts that were
 * answered 410 the one that began later is told.) */
void news_add(struct news_queue *q, const struct news *n);

/* All that is there, in order; how many. */
size_t news_take(struct news_queue *q, struct news out[NEWS_MAX]);

/* Once more, before what came since; of that, the last have no room. */
void news_give_back(struct news_queue *q, const struct news *list,
                    size_t count);

/* Until there is some, the thread is to stop, or so long. */
void news_wait(struct news_queue *q, struct thread *t, int64_t us);
void news_wake(struct news_queue *q);

/* As the store wants it; borrows from n. */
struct circuit_why news_why(const struct news *n);

/* Set the sentence. */
void news_say(struct news *n, struct str detail);

#endif

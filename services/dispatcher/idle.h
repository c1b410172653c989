/* What has nothing to do, in the order in which it stopped: who remembers no
 * more than so many forgets the oldest.
 *
 * The links are members of what is in the queue; nothing is allocated. One
 * thread owns a queue and all that is in it; not thread-safe. */
#ifndef PORTER_DISPATCHER_IDLE_H
#define PORTER_DISPATCHER_IDLE_H

#include <stddef.h>

struct idle_queue;

/* All zero: in no queue. */
struct idle {
    struct idle_queue *queue;
    struct idle *older;
    struct idle *newer;
};

/* All zero: empty. */
struct idle_queue {
    struct idle *oldest;
    struct idle *newest;
    size_t count;
};

/* It becomes the newest; it must be in no queue. */
void idle_add(struct idle_queue *queue, struct idle *one);

/* Out of its queue; nothing when it is in none. */
void idle_leave(struct idle *one);

#endif

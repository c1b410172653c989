/* Stands inside lane.c: which endpoint was left alone for the longest. */
#include "dispatcher/idle.h"

#include <assert.h>

void idle_add(struct idle_queue *queue, struct idle *one)
{
    assert(one->queue == NULL);
    *one = (struct idle){queue, queue->newest, NULL};
    if (queue->newest != NULL) {
        queue->newest->newer = one;
    } else {
        queue->oldest = one;
    }
    queue->newest = one;
    queue->count++;
}

void idle_leave(struct idle *one)
{
    struct idle_queue *queue = one->queue;

    if (queue == NULL) {
        return;
    }
    if (one->older != NULL) {
        one->older->newer = one->newer;
    } else {
        queue->oldest = one->newer;
    }
    if (one->newer != NULL) {
        one->newer->older = one->older;
    } else {
        queue->newest = one->older;
    }
    queue->count--;
    *one = (struct idle){0};
}

/* How much an endpoint bears at once: its lane's window, which grows and
 * shrinks by its answers; and counts of all windows that move as they do, so
 * that nobody walks through lanes to tell of them. Not thread-safe. */
#ifndef PORTER_DISPATCHER_WINDOW_H
#define PORTER_DISPATCHER_WINDOW_H

#include <stddef.h>

/* 1, 2 to 3, 4 to 7, 8 to 15, 16 to 31, and more. */
#define WINDOW_SIZES 6

struct windows {
    size_t sum;                 /* What all of them allow together. */
    size_t lanes[WINDOW_SIZES]; /* How many have one of such a size. */
};

/* A lane's window, from its beginning with one to its end. */
void window_open(struct windows *all, size_t *window);
void window_close(struct windows *all, size_t *window);

/* One more for each answer in good time, half when it was too much. */
void window_grow(struct windows *all, size_t *window, size_t most);
void window_shrink(struct windows *all, size_t *window);

#endif

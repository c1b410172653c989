/* Counting is part of each change, so the counts can't be wrong. */
#include "dispatcher/window.h"

#include "base/macros.h"

#include <assert.h>

static size_t size_of(size_t window)
{
    size_t size = 0;

    while (window > 1 && size < WINDOW_SIZES - 1) {
        window /= 2;
        size++;
    }
    return size;
}

/* 0: there is none. */
static void window_set(struct windows *all, size_t *window, size_t now)
{
    if (*window > 0) {
        all->sum -= *window;
        all->lanes[size_of(*window)]--;
    }
    if (now > 0) {
        all->sum += now;
        all->lanes[size_of(now)]++;
    }
    *window = now;
}

void window_open(struct windows *all, size_t *window)
{
    assert(*window == 0);
    window_set(all, window, 1);
}

void window_close(struct windows *all, size_t *window)
{
    window_set(all, window, 0);
}

void window_grow(struct windows *all, size_t *window, size_t most)
{
    window_set(all, window, MIN_OF(*window + 1, most));
}

void window_shrink(struct windows *all, size_t *window)
{
    window_set(all, window, MAX_OF(*window / 2, 1));
}

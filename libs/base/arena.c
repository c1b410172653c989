/* Blocks in a list; the newest is filled from its front. */
#include "base/arena.h"

#include "base/err.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ALIGN alignof(max_align_t)

struct block {
    struct block *older;
    size_t cap;
    size_t len;
    alignas(max_align_t) char data[];
};

struct arena {
    struct block *newest;
    size_t used;
};

static struct block *block_new(size_t cap, struct block *older)
{
    struct block *b = mem_new(sizeof *b + cap);

    b->older = older;
    b->cap = cap;
    b->len = 0;
    return b;
}

struct arena *arena_new(size_t first_bytes)
{
    struct arena *a = mem_new(sizeof *a);

    a->newest = block_new(first_bytes, NULL);
    a->used = 0;
    return a;
}

void arena_reset(struct arena *a)
{
    while (a->newest->older != NULL) {
        struct block *b = a->newest;

        a->newest = b->older;
        free(b);
    }
    a->newest->len = 0;
    a->used = 0;
}

void arena_free(struct arena *a)
{
    if (a != NULL) {
        arena_reset(a);
        free(a->newest);
        free(a);
    }
}

void *arena_take(struct arena *a, size_t bytes)
{
    size_t need = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    struct block *b = a->newest;

    assert(bytes < SIZE_MAX / 4);
    if (b->cap - b->len < need) {
        b = block_new(MAX_OF(b->cap * 2, need), b);
        a->newest = b;
    }
    b->len += need;
    a->used += need;
    return b->data + b->len - need;
}

void *arena_zero(struct arena *a, size_t count, size_t bytes)
{
    void *p = NULL;

    assert(bytes == 0 || count < SIZE_MAX / 4 / bytes);
    p = arena_take(a, count * bytes);
    memset(p, 0, count * bytes);
    return p;
}

char *arena_cstr(struct arena *a, struct str s)
{
    char *copy = arena_take(a, s.len + 1);

    if (s.len > 0) {
        memcpy(copy, s.data, s.len);
    }
    copy[s.len] = '\0';
    return copy;
}

struct str arena_str(struct arena *a, struct str s)
{
    return (struct str){arena_cstr(a, s), s.len};
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
    va_list args;
    va_list again;
    char *text = NULL;
    int n = 0;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(n >= 0);
    text = arena_take(a, (size_t)n + 1);
    (void)vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return (struct str){text, (size_t)n};
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}

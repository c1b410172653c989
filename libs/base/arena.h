/* Memory with the life of one request or one loop turn: taken piece by piece,
 * given back all at once. Not thread-safe. */
#ifndef PORTER_BASE_ARENA_H
#define PORTER_BASE_ARENA_H

#include "base/macros.h"
#include "base/str.h"

struct arena;

/* An arena whose first block has first_bytes. */
MUST_USE struct arena *arena_new(size_t first_bytes);

/* Give everything back; accepts NULL. */
void arena_free(struct arena *a);

/* Forget everything that was taken, keep the first block for the next turn. */
void arena_reset(struct arena *a);

/* Bytes aligned for any type, valid until arena_reset or arena_free; never
 * NULL. arena_zero's are zero. */
MUST_USE void *arena_take(struct arena *a, size_t bytes);
MUST_USE void *arena_zero(struct arena *a, size_t count, size_t bytes);

/* A copy that lives as long as the arena's turn; NUL-terminated. */
struct str arena_str(struct arena *a, struct str s);
char *arena_cstr(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* Bytes taken since the last reset (for tests and metrics). */
size_t arena_used(const struct arena *a);

#endif

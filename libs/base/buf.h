/* Text that is made: a growing run of bytes that one owner frees.
 *
 * data is always NUL-terminated once anything was added (the NUL is not in
 * len). Growth never fails (see oom in err.h); callers bound what they add. */
#ifndef PORTER_BASE_BUF_H
#define PORTER_BASE_BUF_H

#include "base/macros.h"
#include "base/str.h"

#include <stdint.h>

struct buf {
    char *data;
    size_t len;
    size_t cap;
};

#define BUF_EMPTY ((struct buf){NULL, 0, 0})

/* Make room for `more` bytes (and a NUL) beyond len. */
void buf_reserve(struct buf *b, size_t more);

void buf_add(struct buf *b, struct str s);
void buf_add_bytes(struct buf *b, const void *data, size_t len);
void buf_add_char(struct buf *b, char c);
void buf_add_u64(struct buf *b, uint64_t n);
void buf_add_i64(struct buf *b, int64_t n);
void buf_addf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);

/* A literal, without strlen. */
#define BUF_ADD(b, literal) buf_add((b), STR(literal))

/* Forget the content, keep the memory. */
void buf_clear(struct buf *b);

/* Free the memory; accepts an empty buf and leaves one. */
void buf_free(struct buf *b);

/* The content: valid until the buf is next changed. */
static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->data, b->len};
}

/* The content as a C string ("" when empty): valid as buf_str. */
const char *buf_cstr(const struct buf *b);

#endif

/* Making text. */
#include "base/buf.h"

#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST_BYTES 256

void buf_reserve(struct buf *b, size_t more)
{
    size_t need = b->len + more + 1;
    size_t cap = b->cap > 0 ? b->cap : BUF_FIRST_BYTES;

    if (need <= b->cap) {
        return;
    }
    assert(more < SIZE_MAX / 4 && b->len < SIZE_MAX / 4);
    while (cap < need) {
        cap *= 2;
    }
    b->data = mem_grow(b->data, cap);
    b->data[b->len] = '\0'; /* Also when nothing is added after all. */
    b->cap = cap;
}

void buf_add_bytes(struct buf *b, const void *data, size_t len)
{
    buf_reserve(b, len);
    if (len > 0) {
        memcpy(b->data + b->len, data, len);
        b->len += len;
    }
    b->data[b->len] = '\0';
}

void buf_add(struct buf *b, struct str s)
{
    buf_add_bytes(b, s.data, s.len);
}

void buf_add_char(struct buf *b, char c)
{
    buf_add_bytes(b, &c, 1);
}

void buf_add_u64(struct buf *b, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    buf_add_bytes(b, digits + at, sizeof digits - at);
}

void buf_add_i64(struct buf *b, int64_t n)
{
    if (n < 0) {
        buf_add_char(b, '-');
        buf_add_u64(b, (uint64_t)(-(n + 1)) + 1);
        return;
    }
    buf_add_u64(b, (uint64_t)n);
}

void buf_addf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_list again;
    int n = 0;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(n >= 0);
    buf_reserve(b, (size_t)n);
    (void)vsnprintf(b->data + b->len, (size_t)n + 1, format, again);
    va_end(again);
    b->len += (size_t)n;
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->data != NULL) {
        b->data[0] = '\0';
    }
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = BUF_EMPTY;
}

const char *buf_cstr(const struct buf *b)
{
    return b->data != NULL ? b->data : "";
}

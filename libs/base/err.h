/* How a function says that it could not do its work.
 *
 * Anything that can fail returns bool and takes `struct err *err` as its last
 * parameter. The error is worded once, where it is born; callers pass it up
 * untouched or add context once with err_wrap. Out of memory is not an error:
 * oom() stops the process, and the outbox and the delivery rows make that
 * safe. Not thread-safe: an err belongs to one thread. */
#ifndef PORTER_BASE_ERR_H
#define PORTER_BASE_ERR_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

/* Few, and about meaning: services/gateway/problem.c gives each its status. */
enum err_code {
    ERR_OK = 0,
    ERR_MALFORMED,       /* The bytes are not what the protocol allows. */
    ERR_INVALID,         /* Well formed, but breaks a rule of ours. */
    ERR_UNAUTHENTICATED, /* No, or no good, credentials. */
    ERR_FORBIDDEN,       /* Known caller, not allowed. */
    ERR_NOT_FOUND,
    ERR_CONFLICT,    /* The state of the thing forbids it. */
    ERR_TOO_LARGE,   /* Past a named limit. */
    ERR_LIMITED,     /* Too many; later is fine. */
    ERR_UNAVAILABLE, /* A neighbour is away; later is fine. */
    ERR_UNSUPPORTED, /* A form we do not speak. */
    ERR_INTERNAL,    /* Our mistake. */
};

#define ERR_TEXT_MAX 480

struct err {
    enum err_code code;
    char text[ERR_TEXT_MAX]; /* One sentence, no final newline. */
};

#define ERR_NONE ((struct err){.code = ERR_OK})

/* Word the error; always returns false, so `return err_set(...)`. A text over
 * the limit is cut. */
bool err_set(struct err *err, enum err_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Put "context: " before the text that is there; returns false. */
bool err_wrap(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Forget an error that was dealt with. */
void err_clear(struct err *err);

/* The code's name as logs and problems spell it, for example "not_found". */
const char *err_code_name(enum err_code code);

/* One line on stderr, then abort(). Called when an allocation fails. */
NORETURN void oom(size_t bytes);

/* malloc, calloc and realloc that never return NULL (see oom). */
MUST_USE void *mem_new(size_t bytes);
MUST_USE void *mem_zero(size_t count, size_t bytes);
MUST_USE void *mem_grow(void *old, size_t bytes);

#endif

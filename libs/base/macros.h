/* The few language helpers that every file may use. */
#ifndef PORTER_BASE_MACROS_H
#define PORTER_BASE_MACROS_H

#include <stddef.h>

/* The caller must look at the result. */
#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, args_at)                                        \
    __attribute__((format(printf, format_at, args_at)))
#define NORETURN __attribute__((noreturn))
#define THREAD_LOCAL _Thread_local

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

/* The struct that holds `member` at `pointer`. */
#define CONTAINER_OF(pointer, type, member)                                    \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif

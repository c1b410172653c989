/* Errors and the end of the process when memory runs out. */
#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool err_set(struct err *err, enum err_code code, const char *format, ...)
{
    va_list args;

    assert(err != NULL);
    assert(code != ERR_OK);
    err->code = code;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return false;
}

bool err_wrap(struct err *err, const char *format, ...)
{
    char was[ERR_TEXT_MAX];
    size_t at = 0;
    size_t room = 0;
    va_list args;

    assert(err->code != ERR_OK);
    memcpy(was, err->text, sizeof was);
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    at = strlen(err->text);
    room = sizeof err->text - at;
    if (room > sizeof ": ") {
        memcpy(err->text + at, ": ", 3);
        at += 2;
        room = MIN_OF(sizeof err->text - at, strlen(was) + 1);
        memcpy(err->text + at, was, room);
        err->text[at + room - 1] = '\0';
    }
    return false;
}

void err_clear(struct err *err)
{
    err->code = ERR_OK;
    err->text[0] = '\0';
}

const char *err_code_name(enum err_code code)
{
    switch (code) {
    case ERR_OK:
        return "ok";
    case ERR_MALFORMED:
        return "malformed";
    case ERR_INVALID:
        return "invalid";
    case ERR_UNAUTHENTICATED:
        return "unauthenticated";
    case ERR_FORBIDDEN:
        return "forbidden";
    case ERR_NOT_FOUND:
        return "not_found";
    case ERR_CONFLICT:
        return "conflict";
    case ERR_TOO_LARGE:
        return "too_large";
    case ERR_LIMITED:
        return "limited";
    case ERR_UNAVAILABLE:
        return "unavailable";
    case ERR_UNSUPPORTED:
        return "unsupported";
    case ERR_INTERNAL:
        break;
    }
    return "internal";
}

void oom(size_t bytes)
{
    (void)fprintf(stderr,
                  "{\"event\":\"process.out_of_memory\","
                  "\"bytes\":%zu}\n",
                  bytes);
    abort();
}

void *mem_new(size_t bytes)
{
    void *p = malloc(bytes > 0 ? bytes : 1);

    if (p == NULL) {
        oom(bytes);
    }
    return p;
}

void *mem_zero(size_t count, size_t bytes)
{
    void *p = calloc(count > 0 ? count : 1, bytes > 0 ? bytes : 1);

    if (p == NULL) {
        oom(count > SIZE_MAX / (bytes > 0 ? bytes : 1) ? SIZE_MAX
                                                       : count * bytes);
    }
    return p;
}

void *mem_grow(void *old, size_t bytes)
{
    void *p = realloc(old, bytes > 0 ? bytes : 1);

    if (p == NULL) {
        oom(bytes);
    }
    return p;
}

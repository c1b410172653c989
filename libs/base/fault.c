/* Collecting what is wrong. */
#include "base/fault.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define DETAIL_MAX 300

static const char *const names[FAULT_CODE_COUNT] = {
    [FAULT_UNKNOWN_FIELD] = "unknown_field",
    [FAULT_DUPLICATE_FIELD] = "duplicate_field",
    [FAULT_REQUIRED] = "required",
    [FAULT_WRONG_TYPE] = "wrong_type",
    [FAULT_NOT_ALLOWED] = "not_allowed",
    [FAULT_TOO_SHORT] = "too_short",
    [FAULT_TOO_LONG] = "too_long",
    [FAULT_OUT_OF_RANGE] = "out_of_range",
    [FAULT_BAD_FORMAT] = "bad_format",
    [FAULT_BAD_CHARACTER] = "bad_character",
    [FAULT_TOO_MANY] = "too_many",
    [FAULT_NOT_FOUND] = "not_found",
};

void faults_init(struct faults *f, struct arena *arena)
{
    f->arena = arena;
    f->count = 0;
}

bool fault_add(struct faults *f, struct str field, enum fault_code code,
               const char *format, ...)
{
    char detail[DETAIL_MAX];
    va_list args;

    assert(code < FAULT_CODE_COUNT);
    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    if (f->count < FAULTS_MAX) {
        f->list[f->count] = (struct fault){arena_str(f->arena, field), code,
                                           arena_str(f->arena, str_of(detail))};
    }
    f->count++;
    return false;
}

const char *fault_code_name(enum fault_code code)
{
    assert(code < FAULT_CODE_COUNT);
    return names[code];
}

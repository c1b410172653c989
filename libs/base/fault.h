/* The list of everything that is wrong with an input, told all at once.
 *
 * A fault names the place (a JSON path such as "host.email" or
 * "location_ids[2]", or a parameter's name), a code from the documented list
 * and a sentence that says what to do. Memory is the arena's. */
#ifndef PORTER_BASE_FAULT_H
#define PORTER_BASE_FAULT_H

#include "base/arena.h"
#include "base/macros.h"
#include "base/str.h"

#define FAULTS_MAX 64 /* What comes after is counted, not kept. */

/* Every code there is; docs/errors.md lists them from this table. */
enum fault_code {
    FAULT_UNKNOWN_FIELD,
    FAULT_DUPLICATE_FIELD,
    FAULT_REQUIRED,
    FAULT_WRONG_TYPE,
    FAULT_NOT_ALLOWED, /* Not one of the words, or read-only. */
    FAULT_TOO_SHORT,
    FAULT_TOO_LONG,
    FAULT_OUT_OF_RANGE,
    FAULT_BAD_FORMAT, /* Not an e-mail, time, id, URL, phone … */
    FAULT_BAD_CHARACTER,
    FAULT_TOO_MANY,
    FAULT_NOT_FOUND, /* Names something that is not there. */
    FAULT_CODE_COUNT
};

struct fault {
    struct str field;
    enum fault_code code;
    struct str detail;
};

struct faults {
    struct arena *arena;
    size_t count; /* All that were found; the first FAULTS_MAX are kept. */
    struct fault list[FAULTS_MAX];
};

void faults_init(struct faults *f, struct arena *arena);

/* Add one; field and the worded detail are copied. Always returns false. */
bool fault_add(struct faults *f, struct str field, enum fault_code code,
               const char *format, ...) PRINTF_LIKE(4, 5);

/* "unknown_field" and so on. */
const char *fault_code_name(enum fault_code code);

#endif

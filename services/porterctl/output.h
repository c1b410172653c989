/* Answers: a line of JSON per thing, or a table for people. */
#ifndef PORTER_PORTERCTL_OUTPUT_H
#define PORTER_PORTERCTL_OUTPUT_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
    FIELD_TEXT, /* data NULL: null */
    FIELD_INT,
    FIELD_BOOL,
    FIELD_TIME, /* DB_TIME_NULL: null */
    FIELD_JSON, /* Made by us; people see the text as it is. */
};

struct field {
    const char *name;
    enum field_kind kind;
    struct str text;
    int64_t number;
};

#define F_TEXT(n, s) ((struct field){(n), FIELD_TEXT, (s), 0})
#define F_INT(n, i) ((struct field){(n), FIELD_INT, STR_NONE, (i)})
#define F_BOOL(n, b) ((struct field){(n), FIELD_BOOL, STR_NONE, (b)})
#define F_TIME(n, t) ((struct field){(n), FIELD_TIME, STR_NONE, (t)})
#define F_JSON(n, s) ((struct field){(n), FIELD_JSON, (s), 0})

/* One thing: an object, or lines of "name  value". */
void output_one(bool is_json, const struct field *fields, size_t count);

/* Several: an object a line, or a table. `fields` are rows of `columns`. An
 * empty list says so to people and nothing in JSON. */
void output_list(bool is_json, const struct field *fields, size_t columns,
                 size_t rows, const char *empty);

#endif

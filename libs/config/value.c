/* The forms a variable can have. */
#include "config/value.h"

#include <assert.h>
#include <stdlib.h>

#define SHOWN_MAX 40 /* Of a wrong value, in its error. */

struct unit {
    const char *name;
    uint64_t factor;
};

/* Small to large; the first that divides from the end writes a number. */
static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
};
static const struct unit sizes[] = {
    {"", 1},
    {"KiB", 1024},
    {"MiB", 1048576},
    {"GiB", 1073741824},
};

static bool wrong(const struct config_row *row, struct str text,
                  const char *want, struct err *err)
{
    if ((row->flags & CONFIG_SECRET) != 0) {
        return err_set(err, ERR_INVALID, "must be %s", want);
    }
    text.len = MIN_OF(text.len, (size_t)SHOWN_MAX);
    return err_set(err, ERR_INVALID, "must be %s, not \"%.*s\"", want,
                   STR_ARGS(text));
}

static bool text_read(const struct config_row *row, struct str text,
                      char **field, struct err *err)
{
    if (text.len < row->min || text.len > row->max) {
        return err_set(err, ERR_INVALID,
                       "must have %llu to %llu bytes, not %zu",
                       (unsigned long long)row->min,
                       (unsigned long long)row->max, text.len);
    }
    if (str_has_control(text, "\t")) {
        return err_set(err, ERR_INVALID, "holds a control character");
    }
    *field = str_dup(text);
    return true;
}

static struct str number_of(struct str text)
{
    size_t n = 0;

    while (n < text.len && text.data[n] >= '0' && text.data[n] <= '9') {
        n++;
    }
    return (struct str){text.data, n};
}

/* Digits and one of the units; "0" needs none. */
static bool scaled_read(struct str text, const struct unit *units, size_t count,
                        uint64_t *out)
{
    struct str digits = number_of(text);
    struct str name = {text.data + digits.len, text.len - digits.len};
    uint64_t n = 0;

    if (!str_to_u64(digits, UINT64_MAX, &n)) {
        return false;
    }
    if (n == 0 && name.len == 0) {
        *out = 0;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (str_eq(name, str_of(units[i].name)) &&
            n <= UINT64_MAX / units[i].factor) {
            *out = n * units[i].factor;
            return true;
        }
    }
    return false;
}

static bool in_range(const struct config_row *row, struct str text, uint64_t n,
                     struct err *err)
{
    struct buf want = BUF_EMPTY;
    bool ok = n >= row->min && n <= row->max;

    if (!ok) {
        BUF_ADD(&want, "from ");
        value_write(row, row->min, &want);
        BUF_ADD(&want, " to ");
        value_write(row, row->max, &want);
        (void)wrong(row, text, buf_cstr(&want), err);
    }
    buf_free(&want);
    return ok;
}

static bool uint_read(const struct config_row *row, struct str text,
                      uint64_t *field, struct err *err)
{
    uint64_t n = 0;

    if (!str_to_u64(text, UINT64_MAX, &n)) {
        return wrong(row, text, "a whole number", err);
    }
    if (!in_range(row, text, n, err)) {
        return false;
    }
    *field = n;
    return true;
}

static bool ms_read(const struct config_row *row, struct str text,
                    uint64_t *field, struct err *err)
{
    uint64_t n = 0;

    if (!scaled_read(text, durations, COUNT_OF(durations), &n)) {
        return wrong(row, text, "a duration such as 200ms, 5s, 2m, 1h or 3d",
                     err);
    }
    if (!in_range(row, text, n, err)) {
        return false;
    }
    *field = n;
    return true;
}

static bool bytes_read(const struct config_row *row, struct str text,
                       uint64_t *field, struct err *err)
{
    uint64_t n = 0;

    if (!scaled_read(text, sizes, COUNT_OF(sizes), &n)) {
        return wrong(row, text, "a size such as 512, 64KiB or 1MiB", err);
    }
    if (!in_range(row, text, n, err)) {
        return false;
    }
    *field = n;
    return true;
}

static bool bool_read(const struct config_row *row, struct str text,
                      bool *field, struct err *err)
{
    bool yes = str_eq(text, STR("true"));

    if (!yes && !str_eq(text, STR("false"))) {
        return wrong(row, text, "true or false", err);
    }
    *field = yes;
    return true;
}

static bool word_read(const struct config_row *row, struct str text,
                      unsigned *field, struct err *err)
{
    struct buf want = BUF_EMPTY;

    for (unsigned i = 0; row->words[i] != NULL; i++) {
        if (str_eq(text, str_of(row->words[i]))) {
            *field = i;
            buf_free(&want);
            return true;
        }
        buf_addf(&want, "%s%s", i > 0 ? ", " : "one of ", row->words[i]);
    }
    (void)wrong(row, text, buf_cstr(&want), err);
    buf_free(&want);
    return false;
}

bool value_read(const struct config_row *row, struct str text, void *field,
                struct err *err)
{
    assert(row->kind != CONFIG_WORD || row->words != NULL);
    switch (row->kind) {
    case CONFIG_TEXT:
        return text_read(row, text, field, err);
    case CONFIG_UINT:
        return uint_read(row, text, field, err);
    case CONFIG_MS:
        return ms_read(row, text, field, err);
    case CONFIG_BYTES:
        return bytes_read(row, text, field, err);
    case CONFIG_BOOL:
        return bool_read(row, text, field, err);
    case CONFIG_WORD:
        break;
    }
    return word_read(row, text, field, err);
}

void value_none(const struct config_row *row, void *field)
{
    switch (row->kind) {
    case CONFIG_TEXT:
        *(char **)field = NULL;
        return;
    case CONFIG_UINT:
    case CONFIG_MS:
    case CONFIG_BYTES:
        *(uint64_t *)field = 0;
        return;
    case CONFIG_BOOL:
        *(bool *)field = false;
        return;
    case CONFIG_WORD:
        *(unsigned *)field = 0;
        return;
    }
}

void value_free(const struct config_row *row, void *field)
{
    if (row->kind == CONFIG_TEXT) {
        char *text = *(char **)field;

        if (text != NULL && (row->flags & CONFIG_SECRET) != 0) {
            explicit_bzero(text, strlen(text));
        }
        free(text);
    }
    value_none(row, field);
}

static void scaled_write(uint64_t n, const struct unit *units, size_t count,
                         struct buf *out)
{
    for (size_t i = count; i > 0; i--) {
        if (n % units[i - 1].factor == 0 && n > 0) {
            buf_add_u64(out, n / units[i - 1].factor);
            buf_add(out, str_of(units[i - 1].name));
            return;
        }
    }
    BUF_ADD(out, "0");
}

void value_write(const struct config_row *row, uint64_t n, struct buf *out)
{
    if (row->kind == CONFIG_MS) {
        scaled_write(n, durations, COUNT_OF(durations), out);
    } else if (row->kind == CONFIG_BYTES) {
        scaled_write(n, sizes, COUNT_OF(sizes), out);
    } else {
        buf_add_u64(out, n);
    }
}

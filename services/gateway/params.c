/* Query parameters: checked by table, all faults at once. */
#include "gateway/params.h"

#include "base/codec.h"
#include "base/near.h"
#include "base/rfc3339.h"

#include <assert.h>

/* The name that was likely meant, else all that there are. */
static void fault_unknown(const struct param_table *table, struct str name,
                          struct faults *faults)
{
    struct near near = near_to(name);
    struct buf list = BUF_EMPTY;

    for (size_t i = 0; i < table->count; i++) {
        near_try(&near, str_of(table->rows[i].name));
        near_list(&list, str_of(table->rows[i].name));
    }
    if (name.len == 0) {
        (void)fault_add(faults, name, FAULT_UNKNOWN_FIELD,
                        "has a parameter without a name: write name=value");
    } else if (near.best.len > 0) {
        (void)fault_add(faults, name, FAULT_UNKNOWN_FIELD,
                        "there is no such parameter; did you mean '%.*s'?",
                        STR_ARGS(near.best));
    } else if (table->count == 0) {
        (void)fault_add(faults, name, FAULT_UNKNOWN_FIELD,
                        "this address takes no parameters");
    } else {
        (void)fault_add(faults, name, FAULT_UNKNOWN_FIELD,
                        "there is no such parameter; send only: %s",
                        buf_cstr(&list));
    }
    buf_free(&list);
}

/* "one of a, b, c" for a word that is none of them. */
static bool fault_word(const struct param_row *row, struct faults *faults)
{
    struct buf list = BUF_EMPTY;

    if (row->kind == PARAM_ENUM) {
        for (unsigned i = 0; i < row->words_of->n_values; i++) {
            struct str word = message_enum_word(row->words_of,
                                                row->words_of->values[i].value);

            if (word.len > 0) {
                buf_add(&list, list.len > 0 ? STR(", ") : STR_NONE);
                buf_add(&list, word);
            }
        }
    } else {
        for (size_t i = 0; row->words[i] != NULL; i++) {
            buf_add(&list, i > 0 ? STR(", ") : STR_NONE);
            buf_add(&list, str_of(row->words[i]));
        }
    }
    (void)fault_add(faults, str_of(row->name), FAULT_NOT_ALLOWED,
                    "must be one of: %s", buf_cstr(&list));
    buf_free(&list);
    return false;
}

static bool read_word(const struct param_row *row, struct str value,
                      struct faults *faults, struct param_value *out)
{
    int number = 0;

    if (row->kind == PARAM_ENUM) {
        if (!message_enum_value(row->words_of, value, &number)) {
            return fault_word(row, faults);
        }
        out->bits |= 1U << (unsigned)number;
        return true;
    }
    for (unsigned i = 0; row->words[i] != NULL; i++) {
        if (str_eq(str_of(row->words[i]), value)) {
            out->bits |= 1U << i;
            return true;
        }
    }
    return fault_word(row, faults);
}

static bool read_uint(const struct param_row *row, struct str value,
                      struct faults *faults, struct param_value *out)
{
    uint64_t number = 0;

    if (!str_to_u64(value, (uint64_t)row->max, &number) ||
        number < (uint64_t)row->min) {
        return fault_add(faults, str_of(row->name), FAULT_OUT_OF_RANGE,
                         "must be a whole number from %lld to %lld",
                         (long long)row->min, (long long)row->max);
    }
    out->number = (int64_t)number;
    return true;
}

static bool read_text(const struct param_row *row, struct str value,
                      struct faults *faults)
{
    int64_t count = (int64_t)str_utf8_count(value);

    if (count < row->min || count > row->max) {
        return fault_add(faults, str_of(row->name),
                         count < row->min ? FAULT_TOO_SHORT : FAULT_TOO_LONG,
                         "must have %lld to %lld characters",
                         (long long)row->min, (long long)row->max);
    }
    if (str_has_control(value, "")) {
        return fault_add(faults, str_of(row->name), FAULT_BAD_CHARACTER,
                         "must not hold control characters");
    }
    return true;
}

/* "vis_, con_ or evac_" */
static void add_prefixes(unsigned kinds, struct buf *out)
{
    for (unsigned k = 0; kinds != 0; k++) {
        if ((kinds & 1U << k) == 0) {
            continue;
        }
        kinds &= ~(1U << k);
        buf_add(out, out->len == 0 ? STR_NONE
                     : kinds == 0  ? STR(" or ")
                                   : STR(", "));
        buf_addf(out, "%s_", id_prefix((enum id_kind)k));
    }
}

static bool read_id(unsigned kinds, const char *name, struct str value,
                    struct faults *faults, struct id *out)
{
    struct buf prefixes = BUF_EMPTY;

    for (unsigned k = 0; k < ID_KIND_COUNT; k++) {
        if ((kinds & 1U << k) != 0 && id_read((enum id_kind)k, value, out)) {
            return true;
        }
    }
    add_prefixes(kinds, &prefixes);
    (void)fault_add(faults, str_of(name), FAULT_BAD_FORMAT,
                    "must be an id: %s and %d characters", buf_cstr(&prefixes),
                    ID_BODY_LEN);
    buf_free(&prefixes);
    return false;
}

static bool read_value(const struct param_row *row, struct str value,
                       struct faults *faults, struct param_value *out)
{
    switch (row->kind) {
    case PARAM_UINT:
        return read_uint(row, value, faults, out);
    case PARAM_TEXT:
        return read_text(row, value, faults);
    case PARAM_ID:
        return read_id(1U << row->id_kind, row->name, value, faults, &out->id);
    case PARAM_IDS:
        return read_id(row->id_kinds, row->name, value, faults, &out->id);
    case PARAM_TIME:
        return rfc3339_read(value, &out->number) ||
               fault_add(faults, str_of(row->name), FAULT_BAD_FORMAT,
                         "must be a time like 2026-03-01T09:30:00Z (a '+' in "
                         "an offset is written %%2B)");
    case PARAM_ENUM:
    case PARAM_WORD:
        break;
    }
    return read_word(row, value, faults, out);
}

static bool read_param(const struct param_table *table,
                       const struct query_param *param, struct faults *faults,
                       struct param_value *values)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct param_row *row = &table->rows[i];

        if (!str_eq(str_of(row->name), param->name)) {
            continue;
        }
        if (values[i].is_set && !row->repeatable) {
            return fault_add(faults, param->name, FAULT_DUPLICATE_FIELD,
                             "may be there only once");
        }
        if (++values[i].times > PARAM_REPEAT_MAX) {
            return fault_add(faults, param->name, FAULT_TOO_MANY,
                             "may be there at most %d times", PARAM_REPEAT_MAX);
        }
        values[i].is_set = true;
        values[i].text = param->value;
        return read_value(row, param->value, faults, &values[i]);
    }
    fault_unknown(table, param->name, faults);
    return false;
}

/* A range that ends before it begins holds nothing, which nobody asks for. */
static bool check_range(const struct param_table *table, size_t end,
                        const struct param_value *values, struct faults *faults)
{
    const struct param_row *row = &table->rows[end];

    for (size_t i = 0; i < table->count; i++) {
        if (str_eq(str_of(table->rows[i].name), str_of(row->from)) &&
            values[i].is_set && values[i].number > values[end].number) {
            return fault_add(faults, str_of(row->name), FAULT_OUT_OF_RANGE,
                             "must not be before %s: exchange the two",
                             row->from);
        }
    }
    return true;
}

static bool check_ranges(const struct param_table *table,
                         const struct param_value *values,
                         struct faults *faults)
{
    bool ok = true;

    for (size_t i = 0; i < table->count; i++) {
        if (table->rows[i].from != NULL && values[i].is_set) {
            ok = check_range(table, i, values, faults) && ok;
        }
    }
    return ok;
}

bool params_read(const struct param_table *table, const struct query *query,
                 struct faults *faults, struct param_value *values)
{
    bool ok = true;

    assert(table->count <= PARAM_ROWS_MAX);
    if (table->count > 0) {
        memset(values, 0, table->count * sizeof *values);
    }
    for (size_t i = 0; i < query->count; i++) {
        ok = read_param(table, &query->params[i], faults, values) && ok;
    }
    for (size_t i = 0; i < table->count; i++) {
        if (table->rows[i].required && !values[i].is_set) {
            ok = fault_add(faults, str_of(table->rows[i].name), FAULT_REQUIRED,
                           "is required");
        }
    }
    return ok && check_ranges(table, values, faults);
}

/* Two spellings of one moment, and words in any order, are the same filter. */
static bool is_by_number(const struct param_row *row)
{
    return row->kind == PARAM_UINT || row->kind == PARAM_TIME;
}

void params_canonical(const struct param_table *table,
                      const struct param_value *values, struct buf *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct param_row *row = &table->rows[i];

        if (!row->is_filter || !values[i].is_set ||
            (row->preset != 0 && values[i].bits == row->preset)) {
            continue;
        }
        buf_add(out, str_of(row->name));
        buf_add_char(out, '=');
        if (is_by_number(row)) {
            buf_add_i64(out, values[i].number);
        } else if (row->kind == PARAM_ENUM || row->kind == PARAM_WORD) {
            buf_add_u64(out, values[i].bits);
        } else {
            buf_add(out, values[i].text);
        }
        buf_add_char(out, '\0'); /* No value holds one. */
    }
}

/* Each word of a repeatable parameter is written as one more of it. */
static void query_words(const struct param_row *row, unsigned bits,
                        struct buf *out)
{
    for (unsigned i = 0; i < 32; i++) {
        if ((bits & (1U << i)) == 0) {
            continue;
        }
        buf_add(out, str_of(row->name));
        buf_add_char(out, '=');
        query_escape(out, row->kind == PARAM_ENUM
                              ? message_enum_word(row->words_of, (int)i)
                              : str_of(row->words[i]));
        buf_add_char(out, '&');
    }
}

void params_query(const struct param_table *table,
                  const struct param_value *values, struct str cursor,
                  struct buf *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct param_row *row = &table->rows[i];

        if (!values[i].is_set || str_eq(str_of(row->name), STR("cursor"))) {
            continue;
        }
        if (row->kind == PARAM_ENUM || row->kind == PARAM_WORD) {
            query_words(row, values[i].bits, out);
            continue;
        }
        buf_add(out, str_of(row->name));
        buf_add_char(out, '=');
        query_escape(out, values[i].text);
        buf_add_char(out, '&');
    }
    BUF_ADD(out, "cursor=");
    buf_add(out, cursor); /* base64url: nothing to escape */
}

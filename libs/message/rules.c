/* After the shape (read_json.c), the rules: one walk over the table's rows,
 * each of which adds its own faults. */
#include "message/rules.h"

#include "message/kind.h"
#include "message/read.h"
#include "message/rule_format.h"
#include "message/rule_map.h"

#include "base/clock.h"
#include "base/rfc3339.h"

#include <assert.h>
#include <inttypes.h>

#define TIME_RULE_MAX_S (200LL * 365 * 86400)

struct check {
    const struct rule_table *table;
    int64_t now_us;
    struct arena *arena;
    struct faults *faults;
};

bool rules_name(const struct rule_table *rules, struct str prefix,
                struct str name)
{
    size_t len = prefix.len + name.len;

    for (size_t i = 0; i < rules->count; i++) {
        struct str path = str_of(rules->rows[i].path);
        struct str rest;

        if (path.len < len || !str_starts(path, prefix)) {
            continue;
        }
        rest = (struct str){path.data + prefix.len, path.len - prefix.len};
        if (str_starts(rest, name) &&
            (path.len == len || path.data[len] == '.')) {
            return true;
        }
    }
    return false;
}

/* --- the table itself --------------------------------------------------- */

/* The field of a path, by descriptors alone; NULL when there is none. */
static const ProtobufCFieldDescriptor *
field_of(const ProtobufCMessageDescriptor *type, struct str path)
{
    const ProtobufCFieldDescriptor *f = NULL;
    struct str name = STR_NONE;

    while (str_split(&path, '.', &name)) {
        if (f != NULL) {
            if (kind_is_repeated(f) || kind_of(f) != KIND_MESSAGE) {
                return NULL;
            }
            type = kind_type(f);
        }
        f = kind_field(type, name);
        if (f == NULL) {
            return NULL;
        }
    }
    return f;
}

/* The field itself, or what its wrapper wraps. */
static const ProtobufCFieldDescriptor *bare(const ProtobufCFieldDescriptor *f)
{
    return kind_of(f) == KIND_WRAPPER ? kind_wrapped(f) : f;
}

static bool format_fits_field(enum rule_format format,
                              const ProtobufCFieldDescriptor *f)
{
    switch (format) {
    case RULE_PLAIN:
        return !kind_is_map(f) && kind_of(f) != KIND_TIME;
    case RULE_LINE:
    case RULE_EMAIL:
    case RULE_PHONE:
    case RULE_COUNTRY:
    case RULE_ENDPOINT:
    case RULE_WORD:
    case RULE_ID:
        return kind_of(bare(f)) == KIND_TEXT;
    case RULE_WAITS:
        return kind_of(f) == KIND_I32 && kind_is_repeated(f);
    case RULE_TIME:
        return kind_of(f) == KIND_TIME && !kind_is_repeated(f);
    case RULE_MAP:
    case RULE_HEADERS:
        return kind_is_map(f) && kind_of(&kind_type(f)->fields[1]) == KIND_TEXT;
    }
    return false;
}

/* Is there a row below the sub-message's? Else nothing of it may be sent. */
static bool has_rows_below(const struct rule_table *table, const char *path)
{
    struct str up = str_of(path);

    for (size_t i = 0; i < table->count; i++) {
        struct str other = str_of(table->rows[i].path);

        if (other.len > up.len && str_starts(other, up) &&
            other.data[up.len] == '.') {
            return true;
        }
    }
    return false;
}

static bool row_check(const struct rule_table *table, const struct rule *row,
                      struct err *err)
{
    const char *type = table->type->short_name;
    const ProtobufCFieldDescriptor *f =
        field_of(table->type, str_of(row->path));

    if (f == NULL) {
        return err_set(err, ERR_INTERNAL, "%s has no field %s", type,
                       row->path);
    }
    if (!format_fits_field(row->format, f)) {
        return err_set(err, ERR_INTERNAL,
                       "the rule of %s.%s does not fit the field's type", type,
                       row->path);
    }
    if (row->min > row->max) {
        return err_set(err, ERR_INTERNAL,
                       "the rule of %s.%s has a min over its max", type,
                       row->path);
    }
    if (row->format == RULE_ID && row->id_kind >= ID_KIND_COUNT) {
        return err_set(err, ERR_INTERNAL, "the rule of %s.%s has no id kind",
                       type, row->path);
    }
    if ((row->format == RULE_WORD) != (row->words != NULL)) {
        return err_set(err, ERR_INTERNAL,
                       "the rule of %s.%s has words or needs them", type,
                       row->path);
    }
    if (row->format == RULE_TIME &&
        (row->min < -TIME_RULE_MAX_S || row->max > TIME_RULE_MAX_S)) {
        return err_set(err, ERR_INTERNAL,
                       "the rule of %s.%s is no span of time", type, row->path);
    }
    if (row->max <= 0 &&
        (kind_is_repeated(f) ||
         (kind_of(bare(f)) == KIND_TEXT &&
          (row->format == RULE_PLAIN || row->format == RULE_LINE)))) {
        return err_set(err, ERR_INTERNAL, "the rule of %s.%s has no max", type,
                       row->path);
    }
    if (!kind_is_repeated(f) && kind_of(f) == KIND_MESSAGE &&
        !has_rows_below(table, row->path)) {
        return err_set(err, ERR_INTERNAL, "no rule names a field of %s.%s",
                       type, row->path);
    }
    return true;
}

bool rules_check(const struct rule_table *table, struct err *err)
{
    assert(table->type != NULL && table->rows != NULL);
    for (size_t i = 0; i < table->count; i++) {
        if (!row_check(table, &table->rows[i], err)) {
            return false;
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(table->rows[i].path, table->rows[k].path) == 0) {
                return err_set(err, ERR_INTERNAL, "%s.%s has two rules",
                               table->type->short_name, table->rows[i].path);
            }
        }
    }
    return true;
}

/* --- values -------------------------------------------------------------- */

/* A text that is there; path is where it was sent. */
static void check_text(const struct check *c, const struct rule *row,
                       struct str path, struct str s, bool is_element)
{
    size_t count = str_utf8_count(s);
    const char *want = NULL;

    /* For a list, min and max are about the list. */
    if (!is_element && row->min > 0 && count < (size_t)row->min) {
        (void)fault_add(c->faults, path, FAULT_TOO_SHORT,
                        "must have at least %" PRId64 " characters", row->min);
        return;
    }
    if (!is_element && row->max > 0 && count > (size_t)row->max) {
        (void)fault_add(c->faults, path, FAULT_TOO_LONG,
                        "must have at most %" PRId64 " characters, not %zu",
                        row->max, count);
        return;
    }
    if (!format_fits(row, s, c->arena, &want)) {
        (void)fault_add(c->faults, path,
                        row->format == RULE_WORD ? FAULT_NOT_ALLOWED
                                                 : FAULT_BAD_FORMAT,
                        "%s", want);
    }
}

static void check_number(const struct check *c, const struct rule *row,
                         double x)
{
    if (row->min == 0 && row->max == 0) {
        return;
    }
    if (x < (double)row->min || x > (double)row->max) {
        (void)fault_add(c->faults, str_of(row->path), FAULT_OUT_OF_RANGE,
                        "must be from %" PRId64 " to %" PRId64, row->min,
                        row->max);
    }
}

static void check_time(const struct check *c, const struct rule *row,
                       int64_t at_us)
{
    int64_t first = c->now_us + row->min * US_PER_S;
    int64_t last = c->now_us + row->max * US_PER_S;
    bool is_early = at_us < first;
    char bound[RFC3339_LEN + 1];

    if ((row->min == 0 && row->max == 0) || (!is_early && at_us <= last)) {
        return;
    }
    rfc3339_write(is_early ? first : last, bound);
    (void)fault_add(c->faults, str_of(row->path), FAULT_OUT_OF_RANGE,
                    "must not be %s %s", is_early ? "before" : "after", bound);
}

static void check_count(const struct check *c, const struct rule *row,
                        size_t count, const char *things)
{
    if (row->min > 0 && count < (size_t)row->min) {
        (void)fault_add(c->faults, str_of(row->path), FAULT_TOO_SHORT,
                        "must have at least %" PRId64 " %s", row->min, things);
    } else if (count > (size_t)row->max) {
        (void)fault_add(c->faults, str_of(row->path), FAULT_TOO_MANY,
                        "must have at most %" PRId64 " %s, not %zu", row->max,
                        things, count);
    }
}

/* Waits, each at its own path. */
static void check_each(const struct check *c, const struct rule *row,
                       const int32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count && c->faults->count < FAULTS_MAX; i++) {
        const struct rule each = {
            .path = arena_printf(c->arena, "%s[%zu]", row->path, i).data,
            .min = 1,
            .max = WAIT_MAX_S,
        };
        check_number(c, &each, (double)numbers[i]);
    }
}

static void check_list(const struct check *c, const struct rule *row,
                       const ProtobufCMessage *m,
                       const ProtobufCFieldDescriptor *f)
{
    char *const *texts = *(char *const *const *)kind_at(m, f);
    size_t count = *kind_count(m, f);

    check_count(c, row, count, "entries");
    if (row->format == RULE_WAITS) {
        check_each(c, row, *(const int32_t *const *)kind_at(m, f), count);
    }
    if (kind_of(f) != KIND_TEXT) {
        return;
    }
    for (size_t i = 0; i < count && c->faults->count < FAULTS_MAX; i++) {
        check_text(c, row, arena_printf(c->arena, "%s[%zu]", row->path, i),
                   str_of(texts[i]), true);
    }
}

static void check_single(const struct check *c, const struct rule *row,
                         const ProtobufCFieldDescriptor *f, const void *at)
{
    int64_t us = 0;

    switch (kind_of(f)) {
    case KIND_TEXT:
        check_text(c, row, str_of(row->path), str_of(*(char *const *)at),
                   false);
        return;
    case KIND_I32:
        check_number(c, row, (double)*(const int32_t *)at);
        return;
    case KIND_U32:
        check_number(c, row, (double)*(const uint32_t *)at);
        return;
    case KIND_I64:
        check_number(c, row, (double)*(const int64_t *)at);
        return;
    case KIND_U64:
        check_number(c, row, (double)*(const uint64_t *)at);
        return;
    case KIND_FLOAT:
        check_number(c, row, (double)*(const float *)at);
        return;
    case KIND_DOUBLE:
        check_number(c, row, *(const double *)at);
        return;
    case KIND_TIME:
        if (kind_time(at, &us)) {
            check_time(c, row, us);
        }
        return;
    case KIND_BYTES:
    case KIND_BOOL:
    case KIND_ENUM:
    case KIND_WRAPPER:
    case KIND_MESSAGE:
        return;
    }
}

/* Is there anything in the field? A bare number or bool always is there. */
static bool is_there(const ProtobufCMessage *m,
                     const ProtobufCFieldDescriptor *f)
{
    const void *at = kind_at(m, f);

    if (kind_is_oneof(f)) {
        return *kind_case(m, f) == f->id;
    }
    if (kind_is_repeated(f)) {
        return *kind_count(m, f) > 0;
    }
    switch (kind_of(f)) {
    case KIND_TEXT:
        return *(char *const *)at != NULL && **(char *const *)at != '\0';
    case KIND_BYTES:
        return ((const ProtobufCBinaryData *)at)->len > 0;
    case KIND_ENUM:
        return *(const int *)at != 0;
    case KIND_TIME:
    case KIND_WRAPPER:
    case KIND_MESSAGE:
        return *(ProtobufCMessage *const *)at != NULL;
    case KIND_BOOL:
    case KIND_I32:
    case KIND_U32:
    case KIND_I64:
    case KIND_U64:
    case KIND_FLOAT:
    case KIND_DOUBLE:
        break;
    }
    return true;
}

static void check_value(const struct check *c, const struct rule *row,
                        const ProtobufCMessage *m,
                        const ProtobufCFieldDescriptor *f)
{
    const void *at = kind_at(m, f);

    if (kind_is_map(f)) {
        check_count(c, row, *kind_count(m, f), "names");
        rule_map_check(row, m, f, c->arena, c->faults);
        return;
    }
    if (kind_is_repeated(f)) {
        check_list(c, row, m, f);
        return;
    }
    if (kind_of(f) == KIND_WRAPPER) {
        m = *(ProtobufCMessage *const *)at;
        f = kind_wrapped(f);
        at = kind_at(m, f);
    }
    check_single(c, row, f, at);
}

/* Was something at the path, or in it, refused already? */
static bool is_faulty(const struct faults *faults, struct str path)
{
    size_t kept = MIN_OF(faults->count, (size_t)FAULTS_MAX);

    for (size_t i = 0; i < kept; i++) {
        struct str field = faults->list[i].field;

        if (str_starts(field, path) &&
            (field.len == path.len || field.data[path.len] == '.' ||
             field.data[path.len] == '[')) {
            return true;
        }
    }
    return false;
}

/* Does the row's sub-message stay away, as its own row lets it? */
static bool is_excused(const struct check *c, const struct rule *row)
{
    struct str path = str_of(row->path);

    for (size_t i = 0; i < c->table->count; i++) {
        const struct rule *up = &c->table->rows[i];
        struct str above = str_of(up->path);

        if (!up->required && above.len < path.len && str_starts(path, above) &&
            path.data[above.len] == '.') {
            return true;
        }
    }
    return false;
}

/* A list that may be left out, sent without entries. */
static bool is_sent_empty(const ProtobufCMessage *m,
                          const ProtobufCFieldDescriptor *f,
                          const struct rule *row)
{
    return kind_is_repeated(f) && !row->required &&
           *(void *const *)kind_at(m, f) != NULL;
}

static void check_row(const struct check *c, const struct rule *row,
                      ProtobufCMessage *m)
{
    struct message_field f = message_find(m, str_of(row->path), NULL);

    assert(f.field != NULL); /* rules_check */
    if (f.owner != NULL &&
        (is_there(f.owner, f.field) || is_sent_empty(f.owner, f.field, row))) {
        check_value(c, row, f.owner, f.field);
    } else if (row->required && (f.owner != NULL || !is_excused(c, row))) {
        (void)fault_add(c->faults, str_of(row->path), FAULT_REQUIRED,
                        "is required");
    }
}

bool rules_read(const struct rule_table *table, const struct json *body,
                int64_t now_us, struct arena *arena, struct faults *faults,
                ProtobufCMessage **out)
{
    const struct check c = {table, now_us, arena, faults};
    size_t before = faults->count;
    ProtobufCMessage *m = NULL;

    if (!read_object(body, table->type, table, arena, faults, &m) &&
        m == NULL) {
        return false;
    }
    for (size_t i = 0; i < table->count; i++) {
        if (!is_faulty(faults, str_of(table->rows[i].path))) {
            check_row(&c, &table->rows[i], m);
        }
    }
    if (faults->count > before) {
        return false;
    }
    *out = m;
    return true;
}

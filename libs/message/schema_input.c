/* Rules as JSON Schema: what rules.c checks, said in data. What no schema can
 * say (a time counted from now, a thing that must be there) is said in words.
 *
 * In a body null, "" and nothing are the same, so what is not required may be
 * each of them. */
#include "message/schema.h"

#include "message/kind.h"
#include "message/schema_parts.h"

#include "guard/header.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define PATH_MAX_BYTES 128
#define YEAR_S ((int64_t)366 * 86400)
#define DAY_S ((int64_t)86400)
/* What base64_read takes. */
#define CHAR64 "[A-Za-z0-9+/_-]"
#define BASE64 "^(" CHAR64 "{4})*(" CHAR64 "{2}(==)?|" CHAR64 "{3}=?)?$"

static void add_number(struct json_writer *w, const char *name, int64_t n)
{
    json_key(w, str_of(name));
    json_add_int(w, n);
}

/* JSON Schema's own name of it; NULL: none. */
static const char *format_word(enum rule_format format)
{
    return format == RULE_EMAIL      ? "idn-email"
           : format == RULE_ENDPOINT ? "uri"
           : format == RULE_TIME     ? "date-time"
                                     : NULL;
}

/* Empty is unset, as null is. */
static void add_enum(struct json_writer *w, const struct rule *row)
{
    json_key(w, STR("enum"));
    json_array_begin(w);
    for (size_t i = 0; row->words[i] != NULL; i++) {
        json_add_text(w, str_of(row->words[i]));
    }
    if (!row->required) {
        json_add_text(w, STR(""));
        json_add_null(w);
    }
    json_array_end(w);
}

static void add_text(struct json_writer *w, const struct rule *row)
{
    schema_add_type(w, "string", !row->required);
    if (row->format == RULE_WORD) {
        add_enum(w, row);
        return;
    }
    if (row->required || row->min > 1) {
        add_number(w, "minLength",
                   row->required && row->min < 1 ? 1 : row->min);
    }
    if (row->max > 0) {
        add_number(w, "maxLength", row->max);
    }
    schema_add_pattern(w, row, !row->required);
}

/* "at most 2 years ahead" */
static void word_span(struct buf *out, int64_t span_s)
{
    bool is_past = span_s < 0;
    int64_t s = is_past ? -span_s : span_s;

    if (span_s == 0) {
        BUF_ADD(out, "now");
    } else if (s % YEAR_S == 0) {
        buf_addf(out, "%" PRId64 " year%s %s", s / YEAR_S,
                 s == YEAR_S ? "" : "s", is_past ? "back" : "ahead");
    } else if (s % DAY_S == 0) {
        buf_addf(out, "%" PRId64 " day%s %s", s / DAY_S, s == DAY_S ? "" : "s",
                 is_past ? "back" : "ahead");
    } else {
        buf_addf(out, "%" PRId64 " seconds %s", s, is_past ? "back" : "ahead");
    }
}

/* What the field is, and for a time what it may be. */
static void add_words(struct json_writer *w,
                      const ProtobufCMessageDescriptor *type,
                      const ProtobufCFieldDescriptor *f, const struct rule *row)
{
    struct buf text = BUF_EMPTY;

    buf_add(&text, str_of(schema_comment(type, f->name)));
    if (row != NULL && row->format == RULE_TIME && row->min != row->max) {
        BUF_ADD(&text, " From ");
        word_span(&text, row->min);
        BUF_ADD(&text, " to ");
        word_span(&text, row->max);
        BUF_ADD(&text, ".");
    }
    if (text.len > 0) {
        json_key(w, STR("description"));
        json_add_text(w, buf_str(&text));
    }
    buf_free(&text);
}

/* guard/header.h, but for the names that are reserved. */
static void add_headers(struct json_writer *w)
{
    json_key(w, STR("propertyNames"));
    json_object_begin(w);
    add_number(w, "maxLength", GUARD_HEADER_NAME_MAX);
    schema_add_member(w, "pattern", "^[A-Za-z0-9][A-Za-z0-9_-]*$");
    json_object_end(w);
    json_key(w, STR("additionalProperties"));
    json_object_begin(w);
    schema_add_type(w, "string", true);
    add_number(w, "maxLength", GUARD_HEADER_VALUE_MAX);
    schema_add_member(w, "pattern", "^[!-~](?:[ -~]*[!-~])?$");
    json_object_end(w);
}

static void add_map(struct json_writer *w, const struct rule *row)
{
    schema_add_type(w, "object", !row->required);
    if (row->min > 0) {
        add_number(w, "minProperties", row->min);
    }
    add_number(w, "maxProperties", row->max);
    if (row->format == RULE_HEADERS) {
        add_headers(w);
        return;
    }
    json_key(w, STR("propertyNames"));
    json_object_begin(w);
    add_number(w, "minLength", 1);
    add_number(w, "maxLength", MAP_KEY_MAX);
    schema_add_pattern(w, &(struct rule){.format = RULE_LINE}, false);
    json_object_end(w);
    json_key(w, STR("additionalProperties"));
    json_object_begin(w);
    schema_add_type(w, "string", true);
    add_number(w, "maxLength", MAP_VALUE_MAX);
    schema_add_pattern(w, &(struct rule){.format = RULE_PLAIN}, false);
    json_object_end(w);
}

static void add_range(struct json_writer *w, const struct rule *row)
{
    if (row->min != 0 || row->max != 0) {
        add_number(w, "minimum", row->min);
        add_number(w, "maximum", row->max);
    }
}

/* A number or bool always is there: null leaves it as it is. */
static void add_single(struct json_writer *w, const struct rule *row,
                       const ProtobufCFieldDescriptor *f)
{
    if (kind_of(f) == KIND_WRAPPER) {
        f = kind_wrapped(f);
    }
    switch (kind_of(f)) {
    case KIND_TEXT:
        add_text(w, row);
        break;
    case KIND_BYTES:
        schema_add_type(w, "string", !row->required);
        schema_add_member(w, "contentEncoding", "base64");
        schema_add_member(w, "pattern", BASE64);
        break;
    case KIND_BOOL:
        schema_add_type(w, "boolean", true);
        break;
    case KIND_I32:
    case KIND_U32:
    case KIND_I64:
    case KIND_U64:
        schema_add_type(w, "integer", true);
        add_range(w, row);
        break;
    case KIND_FLOAT:
    case KIND_DOUBLE:
        schema_add_type(w, "number", true);
        add_range(w, row);
        break;
    case KIND_ENUM:
        schema_add_type(w, "string", !row->required);
        schema_write_words(f->descriptor, !row->required, w);
        break;
    case KIND_TIME:
        schema_add_type(w, "string", !row->required);
        break;
    case KIND_WRAPPER:
    case KIND_MESSAGE:
        break;
    }
    /* "" is no e-mail address, but as good as null where it may be. */
    if (format_word(row->format) != NULL &&
        (row->required || kind_of(f) == KIND_TIME)) {
        schema_add_member(w, "format", format_word(row->format));
    }
}

static void add_list(struct json_writer *w, const struct rule *row,
                     const ProtobufCFieldDescriptor *f)
{
    const struct rule element = {.path = row->path,
                                 .format = row->format,
                                 .required = true,
                                 .id_kind = row->id_kind,
                                 .words = row->words};

    schema_add_type(w, "array", !row->required);
    if (row->min > 0 || row->required) {
        add_number(w, "minItems", row->min > 0 ? row->min : 1);
    }
    add_number(w, "maxItems", row->max);
    json_key(w, STR("items"));
    json_object_begin(w);
    if (kind_of(f) == KIND_TEXT && row->format != RULE_WORD) {
        schema_add_type(w, "string", false);
        schema_add_pattern(w, &element, row->format == RULE_PLAIN);
    } else if (row->format == RULE_WAITS) {
        schema_add_type(w, "integer", false);
        add_number(w, "minimum", 1);
        add_number(w, "maximum", WAIT_MAX_S);
    } else {
        add_single(w, &element, f);
    }
    json_object_end(w);
}

static void add_object(struct json_writer *w, const struct rule_table *table,
                       const ProtobufCMessageDescriptor *type,
                       struct str prefix);

/* The row of this very path, or NULL: only rows below it. */
static const struct rule *row_of(const struct rule_table *table,
                                 struct str path)
{
    for (size_t i = 0; i < table->count; i++) {
        if (str_eq(str_of(table->rows[i].path), path)) {
            return &table->rows[i];
        }
    }
    return NULL;
}

static bool has_below(const struct rule_table *table, struct str path)
{
    for (size_t i = 0; i < table->count; i++) {
        struct str other = str_of(table->rows[i].path);

        if (other.len > path.len && str_starts(other, path) &&
            other.data[path.len] == '.') {
            return true;
        }
    }
    return false;
}

static void add_message(struct json_writer *w, const struct rule_table *table,
                        const ProtobufCFieldDescriptor *f, struct str path,
                        const struct rule *row)
{
    bool is_list = kind_is_repeated(f);
    char below[PATH_MAX_BYTES];

    (void)snprintf(below, sizeof below, "%.*s.", STR_ARGS(path));
    if (is_list) {
        schema_add_type(w, "array", row == NULL || !row->required);
        if (row != NULL && row->max > 0) {
            add_number(w, "maxItems", row->max);
        }
        json_key(w, STR("items"));
        json_object_begin(w);
    }
    schema_add_type(w, "object", !is_list && (row == NULL || !row->required));
    add_object(w, table, kind_type(f), str_of(below));
    if (is_list) {
        json_object_end(w);
    }
}

static void add_field(struct json_writer *w, const struct rule_table *table,
                      const ProtobufCMessageDescriptor *type,
                      const ProtobufCFieldDescriptor *f, struct str path)
{
    const struct rule *row = row_of(table, path);

    json_key(w, str_of(f->name));
    json_object_begin(w);
    if (has_below(table, path)) {
        add_message(w, table, f, path, row);
    } else if (kind_is_map(f)) {
        add_map(w, row);
    } else if (kind_is_repeated(f)) {
        add_list(w, row, f);
    } else {
        add_single(w, row, f);
    }
    add_words(w, type, f, row);
    json_object_end(w);
}

/* The members of an object's schema but "type": what may be sent, what must. */
static void add_object(struct json_writer *w, const struct rule_table *table,
                       const ProtobufCMessageDescriptor *type,
                       struct str prefix)
{
    char path[PATH_MAX_BYTES];
    unsigned required = 0;

    json_key(w, STR("properties"));
    json_object_begin(w);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &type->fields[i];
        const struct rule *row = NULL;

        (void)snprintf(path, sizeof path, "%.*s%s", STR_ARGS(prefix), f->name);
        row = row_of(table, str_of(path));
        if (row == NULL && !has_below(table, str_of(path))) {
            continue; /* Read-only. */
        }
        add_field(w, table, type, f, str_of(path));
        required += row != NULL && row->required;
    }
    json_object_end(w);
    json_key(w, STR("additionalProperties"));
    json_add_bool(w, false);
    if (required == 0) {
        return;
    }
    json_key(w, STR("required"));
    json_array_begin(w);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const struct rule *row = NULL;

        (void)snprintf(path, sizeof path, "%.*s%s", STR_ARGS(prefix),
                       type->fields[i].name);
        row = row_of(table, str_of(path));
        if (row != NULL && row->required) {
            json_add_text(w, str_of(type->fields[i].name));
        }
    }
    json_array_end(w);
}

static void add_present(struct json_writer *w,
                        const ProtobufCMessageDescriptor *type, struct str name)
{
    bool is_list = kind_is_repeated(kind_field(type, name));

    json_key(w, STR("required"));
    json_array_begin(w);
    json_add_text(w, name);
    json_array_end(w);
    json_key(w, STR("properties"));
    json_object_begin(w);
    json_key(w, name);
    json_object_begin(w);
    schema_add_type(w, is_list ? "array" : "string", false);
    add_number(w, is_list ? "minItems" : "minLength", 1);
    json_object_end(w);
    json_object_end(w);
}

/* One of these must be there, and not empty. Not as anyOf: makers of clients
 * take each of its schemas for a class of its own. */
static void add_either(struct json_writer *w,
                       const ProtobufCMessageDescriptor *type,
                       const char *const *either)
{
    size_t depth = 0;

    for (; either[1] != NULL; either++, depth++) {
        json_key(w, STR("if"));
        json_object_begin(w);
        add_present(w, type, str_of(*either));
        json_object_end(w);
        json_key(w, STR("else"));
        json_object_begin(w);
    }
    add_present(w, type, str_of(*either));
    for (; depth > 0; depth--) {
        json_object_end(w);
    }
}

void schema_write_input(const struct rule_table *table,
                        const char *const *either, struct json_writer *w)
{
    json_object_begin(w);
    schema_add_type(w, "object", false);
    add_object(w, table, table->type, STR(""));
    if (either != NULL) {
        add_either(w, table->type, either);
    }
    json_object_end(w);
}

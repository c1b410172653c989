/* Messages as JSON Schema: what write_json.c does, said in data. */
#include "message/schema.h"

#include "message/kind.h"
#include "message/schema_parts.h"

#include "schema_comments.h"

#include <assert.h>
#include <stdio.h>

#define REF "#/components/schemas/"
#define REF_MAX 128
#define PATTERN_MAX 96

/* Which fields are never null, besides numbers, bools, lists and maps. Type
 * NULL: in every message. */
static const struct {
    const char *type;
    const char *field;
} never_null[] = {
    {NULL, "id"},
    {NULL, "status"},
    {NULL, "created_at"},
    {NULL, "updated_at"},
    {"Visitor", "full_name"},
    {"Visitor", "location_id"},
    {"Visitor", "expected_at"},
    {"Location", "name"},
    {"Location", "timezone"},
    {"Contractor", "company"},
    {"EvacuationPerson", "visitor_id"},
    {"EvacuationPerson", "full_name"},
    {"Evacuation", "location_id"},
    {"Evacuation", "activated_at"},
    {"EvacuationSummary", "location_id"},
    {"EvacuationSummary", "activated_at"},
    {"Event", "type"},
    {"Event", "api_version"},
    {"Event", "organization_id"},
    {"Event", "data"},
    {"Webhook", "url"},
    {"Webhook", "ordering"},
};

/* The nouns whose ids stand in "<noun>_id", "<noun>_ids" and "id". */
static const struct {
    const char *noun;
    const char *type;
    enum id_kind kind;
} nouns[] = {
    {"organization", "Organization", ID_ORGANIZATION},
    {"visitor", "Visitor", ID_VISITOR},
    {"location", "Location", ID_LOCATION},
    {"contractor", "Contractor", ID_CONTRACTOR},
    {"evacuation", "Evacuation", ID_EVACUATION},
    {"evacuation", "EvacuationSummary", ID_EVACUATION},
    {"event", "Event", ID_EVENT},
    {"webhook", "Webhook", ID_WEBHOOK},
    {"delivery", "Delivery", ID_DELIVERY},
    {"delivery", "DeliveryDetail", ID_DELIVERY},
    {"replay", "Replay", ID_REPLAY},
};

static bool is_null_possible(const ProtobufCMessageDescriptor *type,
                             const ProtobufCFieldDescriptor *f)
{
    for (size_t i = 0; i < COUNT_OF(never_null); i++) {
        if (strcmp(never_null[i].field, f->name) == 0 &&
            (never_null[i].type == NULL ||
             strcmp(never_null[i].type, type->short_name) == 0)) {
            return false;
        }
    }
    return !kind_is_oneof(f);
}

/* Is the text field an id, and of what? */
static bool is_id(const ProtobufCMessageDescriptor *type,
                  const ProtobufCFieldDescriptor *f, enum id_kind *kind)
{
    for (size_t i = 0; i < COUNT_OF(nouns); i++) {
        struct str rest = str_of(f->name);
        struct str noun = STR_NONE;
        bool is_own = strcmp(f->name, "id") == 0 &&
                      strcmp(nouns[i].type, type->short_name) == 0;
        bool is_other = str_split(&rest, '_', &noun) &&
                        str_eq(noun, str_of(nouns[i].noun)) &&
                        (str_eq(rest, STR("id")) || str_eq(rest, STR("ids")));

        if (is_own || is_other) {
            *kind = nouns[i].kind;
            return true;
        }
    }
    return false;
}

const char *schema_comment(const ProtobufCMessageDescriptor *type,
                           const char *field)
{
    for (size_t i = 0; i < schema_comment_count; i++) {
        const struct comment *c = &schema_comments[i];

        if (strcmp(c->type, type->short_name) == 0 &&
            (field == NULL
                 ? c->field == NULL
                 : c->field != NULL && strcmp(c->field, field) == 0)) {
            return c->text;
        }
    }
    return "";
}

static void add_comment(struct json_writer *w,
                        const ProtobufCMessageDescriptor *type,
                        const char *field)
{
    const char *text = schema_comment(type, field);

    if (text[0] != '\0') {
        schema_add_member(w, "description", text);
    }
}

#define ID_BODY_PATTERN "_[0-7][0-9a-hjkmnp-tv-z]{%d}$"

static void add_id(struct json_writer *w, enum id_kind kind)
{
    char pattern[PATTERN_MAX];

    (void)snprintf(pattern, sizeof pattern, "^%s" ID_BODY_PATTERN,
                   id_prefix(kind), ID_BODY_LEN - 1);
    schema_add_member(w, "pattern", pattern);
}

void schema_write_ids(unsigned kinds, struct json_writer *w)
{
    struct buf pattern = BUF_EMPTY;

    for (unsigned k = 0; k < ID_KIND_COUNT; k++) {
        if ((kinds & 1U << k) != 0) {
            buf_addf(&pattern, "%s%s", pattern.len == 0 ? "^(" : "|",
                     id_prefix((enum id_kind)k));
        }
    }
    buf_addf(&pattern, ")" ID_BODY_PATTERN, ID_BODY_LEN - 1);
    json_object_begin(w);
    schema_add_type(w, "string", false);
    schema_add_member(w, "pattern", buf_cstr(&pattern));
    json_object_end(w);
    buf_free(&pattern);
}

void schema_write_id(enum id_kind kind, struct json_writer *w)
{
    json_object_begin(w);
    schema_add_type(w, "string", false);
    add_id(w, kind);
    json_object_end(w);
}

void schema_write_words(const ProtobufCEnumDescriptor *type, bool or_null,
                        struct json_writer *w)
{
    json_key(w, STR("enum"));
    json_array_begin(w);
    for (unsigned i = 0; i < type->n_values; i++) {
        struct str word = message_enum_word(type, type->values[i].value);

        if (word.len > 0) {
            json_add_text(w, word);
        }
    }
    if (or_null) {
        json_add_null(w);
    }
    json_array_end(w);
}

static void add_number(struct json_writer *w, const char *type,
                       const char *format, bool or_null)
{
    schema_add_type(w, type, or_null);
    schema_add_member(w, "format", format);
}

/* "$ref": …, or that and null. */
static void add_reference(struct json_writer *w,
                          const ProtobufCMessageDescriptor *type, bool or_null)
{
    char ref[REF_MAX];

    (void)snprintf(ref, sizeof ref, REF "%s", type->short_name);
    if (!or_null) {
        schema_add_member(w, "$ref", ref);
        return;
    }
    json_key(w, STR("anyOf"));
    json_array_begin(w);
    json_object_begin(w);
    schema_add_member(w, "$ref", ref);
    json_object_end(w);
    json_object_begin(w);
    schema_add_type(w, "null", false);
    json_object_end(w);
    json_array_end(w);
}

/* The members of one value's schema. */
static void add_value(struct json_writer *w,
                      const ProtobufCMessageDescriptor *type,
                      const ProtobufCFieldDescriptor *f, bool or_null)
{
    enum id_kind id = ID_KIND_COUNT;

    switch (kind_of(f)) {
    case KIND_TEXT:
        schema_add_type(w, "string", or_null);
        if (is_id(type, f, &id)) {
            add_id(w, id);
        }
        return;
    case KIND_BYTES:
        schema_add_type(w, "string", or_null);
        schema_add_member(w, "contentEncoding", "base64");
        return;
    case KIND_BOOL:
        schema_add_type(w, "boolean", false);
        return;
    case KIND_I32:
    case KIND_U32:
        add_number(w, "integer", "int32", false);
        return;
    case KIND_I64:
    case KIND_U64:
        add_number(w, "integer", "int64", false);
        return;
    case KIND_FLOAT:
    case KIND_DOUBLE:
        add_number(w, "number", "double", false);
        return;
    case KIND_ENUM:
        schema_add_type(w, "string", or_null);
        schema_write_words(f->descriptor, or_null, w);
        return;
    case KIND_TIME:
        schema_add_type(w, "string", or_null);
        schema_add_member(w, "format", "date-time");
        return;
    case KIND_WRAPPER:
        schema_add_type(w,
                        strcmp(schema_kind_name(f), "text") == 0 ? "string"
                        : strcmp(schema_kind_name(f), "true or false") == 0
                            ? "boolean"
                            : "integer",
                        true);
        return;
    case KIND_MESSAGE:
        break;
    }
    add_reference(w, kind_type(f), or_null);
}

static void add_field(struct json_writer *w,
                      const ProtobufCMessageDescriptor *type,
                      const ProtobufCFieldDescriptor *f)
{
    json_key(w, str_of(f->name));
    json_object_begin(w);
    if (kind_is_map(f)) {
        schema_add_type(w, "object", false);
        json_key(w, STR("additionalProperties"));
        json_object_begin(w);
        add_value(w, kind_type(f), &kind_type(f)->fields[1], false);
        json_object_end(w);
    } else if (kind_is_repeated(f)) {
        schema_add_type(w, "array", false);
        json_key(w, STR("items"));
        json_object_begin(w);
        add_value(w, type, f, false);
        json_object_end(w);
    } else {
        add_value(w, type, f, is_null_possible(type, f));
    }
    add_comment(w, type, f->name);
    json_object_end(w);
}

/* How many members the field's oneof has, itself included; 0: it is in none. */
static unsigned oneof_count(const ProtobufCMessageDescriptor *type,
                            const ProtobufCFieldDescriptor *f)
{
    unsigned count = 0;

    for (unsigned i = 0; kind_is_oneof(f) && i < type->n_fields; i++) {
        count += kind_is_oneof(&type->fields[i]) &&
                 type->fields[i].quantifier_offset == f->quantifier_offset;
    }
    return count;
}

/* Is it the first of its oneof in the message? */
static bool is_first(const ProtobufCMessageDescriptor *type,
                     const ProtobufCFieldDescriptor *f)
{
    for (const ProtobufCFieldDescriptor *o = type->fields; o < f; o++) {
        if (kind_is_oneof(o) && o->quantifier_offset == f->quantifier_offset) {
            return false;
        }
    }
    return true;
}

/* Of the members of a oneof exactly one is there; one that is alone may be
 * missing. All else is required, so that counting tells; makers of clients take
 * the schemas of a oneOf for classes of their own, and lose the members. */
static void add_choices(struct json_writer *w,
                        const ProtobufCMessageDescriptor *type)
{
    unsigned least = 0;
    unsigned most = 0;
    bool has_choice = false;

    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &type->fields[i];
        unsigned members = oneof_count(type, f);

        most += members == 0 || is_first(type, f);
        least += members == 0 || (members > 1 && is_first(type, f));
        has_choice = has_choice || members > 1;
    }
    if (!has_choice) {
        return;
    }
    json_key(w, STR("minProperties"));
    json_add_int(w, least);
    json_key(w, STR("maxProperties"));
    json_add_int(w, most);
}

void schema_write_message(const ProtobufCMessageDescriptor *type,
                          struct json_writer *w)
{
    json_object_begin(w);
    schema_add_type(w, "object", false);
    add_comment(w, type, NULL);
    json_key(w, STR("required"));
    json_array_begin(w);
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (!kind_is_oneof(&type->fields[i])) {
            json_add_text(w, str_of(type->fields[i].name));
        }
    }
    json_array_end(w);
    json_key(w, STR("properties"));
    json_object_begin(w);
    for (unsigned i = 0; i < type->n_fields; i++) {
        add_field(w, type, &type->fields[i]);
    }
    json_object_end(w);
    add_choices(w, type);
    json_object_end(w);
}

void schema_collect(const ProtobufCMessageDescriptor *type,
                    const ProtobufCMessageDescriptor **list, size_t *count,
                    size_t max)
{
    for (size_t i = 0; i < *count; i++) {
        if (list[i] == type) {
            return;
        }
    }
    assert(*count < max);
    (void)max;
    list[(*count)++] = type;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &type->fields[i];

        if (!kind_is_map(f) && kind_of(f) == KIND_MESSAGE) {
            schema_collect(kind_type(f), list, count, max);
        }
    }
}

const char *schema_kind_name(const ProtobufCFieldDescriptor *f)
{
    if (kind_is_map(f)) {
        return "object of texts";
    }
    if (kind_is_repeated(f)) {
        return kind_of(f) == KIND_TEXT ? "list of texts" : "list";
    }
    switch (kind_of(f)) {
    case KIND_TEXT:
    case KIND_ENUM:
        return "text";
    case KIND_BYTES:
        return "base64";
    case KIND_BOOL:
        return "true or false";
    case KIND_I32:
    case KIND_U32:
    case KIND_I64:
    case KIND_U64:
        return "whole number";
    case KIND_FLOAT:
    case KIND_DOUBLE:
        return "number";
    case KIND_TIME:
        return "time";
    case KIND_WRAPPER:
        return schema_kind_name(kind_wrapped(f));
    case KIND_MESSAGE:
        break;
    }
    return "object";
}

const ProtobufCFieldDescriptor *
schema_field(const ProtobufCMessageDescriptor *type, struct str path,
             const ProtobufCMessageDescriptor **owner)
{
    const ProtobufCFieldDescriptor *f = NULL;
    struct str name = STR_NONE;

    while (str_split(&path, '.', &name)) {
        if (f != NULL) {
            type = schema_inner(f);
        }
        f = type != NULL ? kind_field(type, name) : NULL;
        if (f == NULL) {
            return NULL;
        }
    }
    *owner = type;
    return f;
}

const ProtobufCMessageDescriptor *
schema_inner(const ProtobufCFieldDescriptor *f)
{
    bool is_message = kind_of(f) == KIND_MESSAGE && !kind_is_map(f);

    return is_message ? kind_type(f) : NULL;
}

bool schema_may_be_null(const ProtobufCMessageDescriptor *type,
                        const ProtobufCFieldDescriptor *f)
{
    switch (kind_of(f)) {
    case KIND_TEXT:
    case KIND_BYTES:
    case KIND_ENUM:
    case KIND_TIME:
    case KIND_WRAPPER:
    case KIND_MESSAGE:
        return !kind_is_repeated(f) && is_null_possible(type, f);
    case KIND_BOOL:
    case KIND_I32:
    case KIND_U32:
    case KIND_I64:
    case KIND_U64:
    case KIND_FLOAT:
    case KIND_DOUBLE:
        break;
    }
    return false;
}

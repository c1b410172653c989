/* "schemas" of the document. */
#include "gateway/openapi/schemas.h"

#include "gateway/list.h"
#include "gateway/openapi/parts.h"
#include "message/schema.h"

#include "porter/v1/event.pb-c.h"

size_t schemas_messages(const ProtobufCMessageDescriptor *list[MESSAGES_MAX])
{
    const struct operation *ops[OPERATIONS_MAX];
    size_t op_count = routes_all(ops);
    size_t count = 0;

    for (size_t i = 0; i < op_count; i++) {
        if (ops[i]->answer != NULL) {
            schema_collect(ops[i]->answer, list, &count, MESSAGES_MAX);
        }
    }
    schema_collect(&porter__v1__event__descriptor, list, &count, MESSAGES_MAX);
    return count;
}

void schemas_write_inputs(const struct operation *const *list, size_t count,
                          struct json_writer *w)
{
    struct buf name = BUF_EMPTY;

    for (size_t i = 0; i < count; i++) {
        if (list[i]->rules != NULL) {
            buf_clear(&name);
            describe_camel(list[i]->name, "Input", &name);
            json_key(w, buf_str(&name));
            schema_write_input(list[i]->rules(), list[i]->either, w);
        }
    }
    buf_free(&name);
}

static void write_list(const struct operation *op, struct json_writer *w)
{
    json_object_begin(w);
    part_text(w, "type", "object");
    part_array(w, "required");
    json_add_text(w, str_of(op->list_name));
    json_add_text(w, STR("pagination"));
    json_array_end(w);
    part_object(w, "properties");
    part_object(w, op->list_name);
    part_text(w, "type", "array");
    json_key(w, STR("maxItems"));
    json_add_int(w, LIST_LIMIT_MAX);
    json_key(w, STR("items"));
    part_ref(w, "schemas",
             str_of(op->answer != NULL ? op->answer->short_name : op->schema));
    json_object_end(w);
    json_key(w, STR("pagination"));
    part_ref(w, "schemas", STR("Pagination"));
    json_object_end(w);
    json_object_end(w);
}

static void write_lists(struct json_writer *w)
{
    const struct operation *list[OPERATIONS_MAX];
    size_t count = routes_all(list);
    struct buf name = BUF_EMPTY;

    for (size_t i = 0; i < count; i++) {
        if (list[i]->list_name != NULL) {
            buf_clear(&name);
            describe_camel(list[i]->name, "Answer", &name);
            json_key(w, buf_str(&name));
            write_list(list[i], w);
        }
    }
    buf_free(&name);
}

/* The codes of faults are the table's. */
static void write_fault_codes(struct json_writer *w)
{
    part_object(w, "FaultCode");
    part_text(w, "type", "string");
    part_text(w, "description", "What is wrong with a field or a parameter.");
    part_array(w, "enum");
    for (size_t i = 0; i < FAULT_CODE_COUNT; i++) {
        json_add_text(w, str_of(fault_code_name((enum fault_code)i)));
    }
    json_array_end(w);
    json_object_end(w);
}

void schemas_write(const struct examples *e, struct json_writer *w)
{
    const ProtobufCMessageDescriptor *messages[MESSAGES_MAX];
    const struct operation *ops[OPERATIONS_MAX];
    size_t count = schemas_messages(messages);
    const struct json *schema = NULL;
    struct str name = STR_NONE;
    void *at = NULL;

    part_object(w, "schemas");
    for (size_t i = 0; i < count; i++) {
        json_key(w, str_of(messages[i]->short_name));
        schema_write_message(messages[i], w);
    }
    write_lists(w);
    schemas_write_inputs(ops, routes_all(ops), w);
    write_fault_codes(w);
    while (json_next(examples_schemas(e), &at, &name, &schema)) {
        json_key(w, name);
        json_add_value(w, schema);
    }
    json_object_end(w);
}

static void write_number(struct json_writer *w, const char *name, int64_t n)
{
    json_key(w, str_of(name));
    json_add_int(w, n);
}

static void write_param_words(const struct param_row *row,
                              struct json_writer *w)
{
    part_array(w, "enum");
    for (size_t i = 0; row->words[i] != NULL; i++) {
        json_add_text(w, str_of(row->words[i]));
    }
    json_array_end(w);
    for (size_t i = 0; row->words[i] != NULL; i++) {
        if (row->preset == 1U << i) {
            part_text(w, "default", row->words[i]);
        }
    }
}

static void write_one(const struct param_row *row, struct json_writer *w)
{
    json_object_begin(w);
    part_text(w, "type", row->kind == PARAM_UINT ? "integer" : "string");
    switch (row->kind) {
    case PARAM_UINT:
        write_number(w, "minimum", row->min);
        write_number(w, "maximum", row->max);
        break;
    case PARAM_TEXT:
        write_number(w, "minLength", row->min);
        write_number(w, "maxLength", row->max);
        part_text(w, "pattern", "^[^\\u0000-\\u001F\\u007F-\\u009F]*$");
        break;
    case PARAM_TIME:
        part_text(w, "format", "date-time");
        break;
    case PARAM_ENUM:
        schema_write_words(row->words_of, false, w);
        break;
    case PARAM_WORD:
        write_param_words(row, w);
        break;
    case PARAM_ID:
    case PARAM_IDS:
        break;
    }
    json_object_end(w);
}

void schemas_write_param(const struct param_row *row, struct json_writer *w)
{
    if (row->repeatable) {
        json_object_begin(w);
        part_text(w, "type", "array");
        json_key(w, STR("maxItems"));
        json_add_int(w, PARAM_REPEAT_MAX);
        json_key(w, STR("items"));
    }
    if (row->kind == PARAM_ID) {
        schema_write_id(row->id_kind, w);
    } else if (row->kind == PARAM_IDS) {
        schema_write_ids(row->id_kinds, w);
    } else {
        write_one(row, w);
    }
    if (row->repeatable) {
        json_object_end(w);
    }
}

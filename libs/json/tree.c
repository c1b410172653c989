/* The only file that sees jansson. A `struct json` is a json_t; its objects
 * keep the order in which members were written (jansson 2.8 and later). */
#include "json/tree.h"

#include <jansson.h>
#include <stdio.h>

#include "base/err.h"

/* jansson takes no const pointers; nothing here changes a value. */
static json_t *node(const struct json *v)
{
    return (json_t *)(uintptr_t)v;
}

static const struct json *value_of(const json_t *v)
{
    return (const struct json *)(const void *)v;
}

static const char *advice_for(enum json_error_code code)
{
    switch ((int)code) {
    case json_error_invalid_utf8:
        return "send text as UTF-8";
    case json_error_premature_end_of_input:
        return "the text ends too early; close every string, array and object";
    case json_error_end_of_input_expected:
        return "send one JSON value and nothing behind it";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "leave U+0000 out of names and text";
    case json_error_duplicate_key:
        return "use each name once in an object";
    case json_error_numeric_overflow:
        return "keep whole numbers within 64 bits and others within a double";
    default:
        return "send well-formed JSON (RFC 8259)";
    }
}

/* jansson's words, but for those that speak of its own flags. */
static const char *words_for(enum json_error_code code, const char *its)
{
    const bool is_nul = code == json_error_null_character ||
                        code == json_error_null_byte_in_key;

    return is_nul ? "U+0000 is not allowed" : its;
}

bool tree_read(struct str text, struct json **root, struct tree_fault *fault)
{
    json_error_t error;
    json_t *tree = json_loadb(text.data, text.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

    if (tree == NULL) {
        enum json_error_code code = json_error_code(&error);

        if (code == json_error_out_of_memory) {
            oom(text.len);
        }
        fault->line = error.line;
        fault->column = MAX_OF(error.column, 1); /* 0: of no letter at all. */
        fault->advice = advice_for(code);
        _Static_assert(sizeof fault->text >= JSON_ERROR_TEXT_LENGTH,
                       "jansson's words fit");
        (void)snprintf(fault->text, sizeof fault->text, "%s",
                       words_for(code, error.text));
        return false;
    }
    *root = (struct json *)(void *)tree;
    return true;
}

void tree_free(struct json *root)
{
    json_decref(node(root));
}

enum tree_kind tree_kind(const struct json *v)
{
    switch (json_typeof(node(v))) {
    case JSON_OBJECT:
        return TREE_OBJECT;
    case JSON_ARRAY:
        return TREE_ARRAY;
    case JSON_STRING:
        return TREE_TEXT;
    case JSON_INTEGER:
        return TREE_INT;
    case JSON_REAL:
        return TREE_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return TREE_BOOL;
    case JSON_NULL:
        break;
    }
    return TREE_NULL;
}

struct str tree_text(const struct json *v)
{
    return (struct str){json_string_value(node(v)),
                        json_string_length(node(v))};
}

int64_t tree_int(const struct json *v)
{
    return (int64_t)json_integer_value(node(v));
}

double tree_real(const struct json *v)
{
    return json_number_value(node(v));
}

bool tree_bool(const struct json *v)
{
    return json_is_true(node(v));
}

size_t tree_count(const struct json *v)
{
    return json_is_array(node(v)) ? json_array_size(node(v))
                                  : json_object_size(node(v));
}

const struct json *tree_at(const struct json *array, size_t i)
{
    return value_of(json_array_get(node(array), i));
}

const struct json *tree_find(const struct json *object, const char *name)
{
    return value_of(json_object_get(node(object), name));
}

bool tree_next(const struct json *object, void **at, struct str *name,
               const struct json **value)
{
    void *iter = *at == NULL ? json_object_iter(node(object))
                             : json_object_iter_next(node(object), *at);

    if (iter == NULL) {
        return false;
    }
    *at = iter;
    *name = (struct str){json_object_iter_key(iter),
                         json_object_iter_key_len(iter)};
    *value = value_of(json_object_iter_value(iter));
    return true;
}

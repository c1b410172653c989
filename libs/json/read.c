/* Reading: what jansson would let through, or would need too much stack for,
 * is refused here first; everything else is jansson's (tree.h). */
#include "json/json.h"

#include "json/tree.h"

#include <assert.h>

/* The two lists are one; so a kind is a type. */
_Static_assert((int)JSON_NULL == (int)TREE_NULL, "same order");
_Static_assert((int)JSON_REAL == (int)TREE_REAL, "same order");
_Static_assert((int)JSON_OBJECT == (int)TREE_OBJECT, "same order");

static bool is_blank(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!str_has(STR(" \t\r\n"), text.data[i])) {
            return false;
        }
    }
    return true;
}

/* The end of the string that opens at i (its closing quote, or the end). */
static size_t string_end(struct str text, size_t i)
{
    for (i++; i < text.len && text.data[i] != '"'; i++) {
        if (text.data[i] == '\\') {
            i++;
        }
    }
    return i;
}

static bool too_deep(struct str text, size_t at, struct err *err)
{
    size_t line = 1;
    size_t start = 0;

    for (size_t i = 0; i < at; i++) {
        if (text.data[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    return err_set(
        err, ERR_MALFORMED,
        "line %zu, column %zu: nested too deep; use at most %d "
        "levels of arrays and objects",
        line, str_utf8_count((struct str){text.data + start, at - start}) + 1,
        JSON_DEPTH_MAX);
}

/* jansson recurses for each level; a thread's stack is small. */
static bool check_depth(struct str text, struct err *err)
{
    size_t depth = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == '"') {
            i = string_end(text, i);
        } else if (c == '[' || c == '{') {
            if (++depth > JSON_DEPTH_MAX) {
                return too_deep(text, i, err);
            }
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return true;
}

bool json_read(struct str text, struct json **root, struct err *err)
{
    struct tree_fault fault;

    if (is_blank(text)) {
        return err_set(err, ERR_MALFORMED,
                       "line 1, column 1: there is no JSON here; send a value");
    }
    if (!check_depth(text, err)) {
        return false;
    }
    if (!tree_read(text, root, &fault)) {
        return err_set(err, ERR_MALFORMED, "line %d, column %d: %s; %s",
                       fault.line, fault.column, fault.text, fault.advice);
    }
    return true;
}

void json_free(struct json *root)
{
    tree_free(root);
}

enum json_type json_type(const struct json *v)
{
    assert(v != NULL);
    return (enum json_type)tree_kind(v);
}

const char *json_type_name(enum json_type type)
{
    switch (type) {
    case JSON_NULL:
        return "null";
    case JSON_BOOL:
        return "true or false";
    case JSON_INT:
        return "a whole number";
    case JSON_REAL:
        return "a number";
    case JSON_TEXT:
        return "a string";
    case JSON_ARRAY:
        return "an array";
    case JSON_OBJECT:
        break;
    }
    return "an object";
}

struct str json_text(const struct json *v)
{
    assert(json_type(v) == JSON_TEXT);
    return tree_text(v);
}

int64_t json_int(const struct json *v)
{
    assert(json_type(v) == JSON_INT);
    return tree_int(v);
}

double json_double(const struct json *v)
{
    assert(json_type(v) == JSON_REAL || json_type(v) == JSON_INT);
    return tree_real(v);
}

bool json_bool(const struct json *v)
{
    assert(json_type(v) == JSON_BOOL);
    return tree_bool(v);
}

size_t json_count(const struct json *v)
{
    assert(json_type(v) == JSON_ARRAY || json_type(v) == JSON_OBJECT);
    return tree_count(v);
}

const struct json *json_at(const struct json *array, size_t i)
{
    assert(i < json_count(array));
    return tree_at(array, i);
}

const struct json *json_find(const struct json *object, const char *name)
{
    assert(json_type(object) == JSON_OBJECT);
    return tree_find(object, name);
}

bool json_next(const struct json *object, void **at, struct str *name,
               const struct json **value)
{
    assert(json_type(object) == JSON_OBJECT);
    return tree_next(object, at, name, value);
}

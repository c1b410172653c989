/* jansson behind names of our own: its header and json.h both say JSON_NULL
 * and json_type, so one file sees jansson and the rest of this folder speaks
 * to it through here. Private to libs/json. */
#ifndef PORTER_JSON_TREE_H
#define PORTER_JSON_TREE_H

#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct json;

enum tree_kind {
    TREE_NULL,
    TREE_BOOL,
    TREE_INT,
    TREE_REAL,
    TREE_TEXT,
    TREE_ARRAY,
    TREE_OBJECT
};

/* Where and why a text is no JSON. */
struct tree_fault {
    int line;
    int column;
    const char *advice; /* What to do about it; never NULL. */
    char text[160];     /* What is wrong, mostly in jansson's words. */
};

/* The caller has bounded the depth: jansson calls itself for each level. */
MUST_USE bool tree_read(struct str text, struct json **root,
                        struct tree_fault *fault);
void tree_free(struct json *root);

enum tree_kind tree_kind(const struct json *v);
struct str tree_text(const struct json *v);
int64_t tree_int(const struct json *v);
double tree_real(const struct json *v);
bool tree_bool(const struct json *v);
size_t tree_count(const struct json *v);
const struct json *tree_at(const struct json *array, size_t i);
const struct json *tree_find(const struct json *object, const char *name);
bool tree_next(const struct json *object, void **at, struct str *name,
               const struct json **value);

#endif

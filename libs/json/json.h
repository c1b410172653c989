/* JSON both ways: a strict reader into a tree (jansson behind it) and a
 * streaming writer into a buf. Not thread-safe per value; no global state.
 *
 * The reader refuses what RFC 8259 does not allow, plus duplicate names,
 * ill-formed UTF-8, U+0000 in text, integers beyond 64 bits, and depth over
 * JSON_DEPTH_MAX. */
#ifndef PORTER_JSON_JSON_H
#define PORTER_JSON_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 32

/* --- reading ------------------------------------------------------------ */

struct json; /* A value in a tree; owned by the root. */

enum json_type {
    JSON_NULL,
    JSON_BOOL,
    JSON_INT,
    JSON_REAL,
    JSON_TEXT,
    JSON_ARRAY,
    JSON_OBJECT
};

/* Read one whole document; on failure ERR_MALFORMED with line, column and
 * what was expected. The caller frees the root. */
MUST_USE bool json_read(struct str text, struct json **root, struct err *err);
void json_free(struct json *root); /* Accepts NULL. */

enum json_type json_type(const struct json *v);
const char *json_type_name(enum json_type type); /* "a string", "an object" */

/* Each asserts the type. Text is NUL-terminated, holds no other NUL, and is
 * valid until the root is freed. */
struct str json_text(const struct json *v);
int64_t json_int(const struct json *v);
double json_double(const struct json *v); /* Also takes JSON_INT. */
bool json_bool(const struct json *v);
size_t json_count(const struct json *v); /* Array or object. */
const struct json *json_at(const struct json *array, size_t i);

/* The member, or NULL. */
const struct json *json_find(const struct json *object, const char *name);

/* Members in the order they were written: start with *at = NULL, goes on until
 * false. The name is NUL-terminated and valid until the root is freed. */
bool json_next(const struct json *object, void **at, struct str *name,
               const struct json **value);

/* --- writing ------------------------------------------------------------ */

/* Commas, colons and escaping are the writer's; nesting is the caller's. Text
 * that is not UTF-8 has its bad bytes replaced by U+FFFD, so the output is
 * always valid. With `pretty`, two-space indentation. */
struct json_writer {
    struct buf *out;
    unsigned depth;
    bool first; /* Nothing in this object or array yet. */
    bool pretty;
    bool after_key;
};

struct json_writer json_writer(struct buf *out);

void json_object_begin(struct json_writer *w);
void json_object_end(struct json_writer *w);
void json_array_begin(struct json_writer *w);
void json_array_end(struct json_writer *w);
void json_key(struct json_writer *w, struct str name);
void json_add_text(struct json_writer *w, struct str s);
void json_add_int(struct json_writer *w, int64_t n);
void json_add_u64(struct json_writer *w, uint64_t n);
void json_add_double(struct json_writer *w, double x); /* not finite: null */
void json_add_bool(struct json_writer *w, bool b);
void json_add_null(struct json_writer *w);
/* RFC 3339; null outside the years 0001 to 9999. */
void json_add_time(struct json_writer *w, int64_t wall_us);
/* A tree again; as deep as json_read lets it be. */
void json_add_value(struct json_writer *w, const struct json *v);
void json_add_raw(struct json_writer *w, struct str json); /* made by us */

#endif

/* One span: what was done, for whom, how long it took and how it ended.
 *
 * A `struct span` is filled on the caller's stack and borrows its texts; a
 * `struct span_kept` holds a copy of all of it within itself, so that a queue
 * of them never grows. */
#ifndef PORTER_TRACE_SPAN_H
#define PORTER_TRACE_SPAN_H

#include "base/str.h"
#include "base/traceparent.h"

#include <stddef.h>
#include <stdint.h>

#define SPAN_ATTRIBUTES_MAX 24
#define SPAN_TEXT_BYTES 1024 /* All texts of one span; more is cut. */

/* With OTLP's numbers. */
enum span_kind {
    SPAN_SERVER = 2,
    SPAN_CLIENT = 3,
    SPAN_PRODUCER = 4,
    SPAN_CONSUMER = 5,
};

struct span_attribute {
    const char *key; /* A literal. */
    struct str text; /* data NULL: it is the number */
    int64_t number;
};

struct span {
    struct trace trace; /* Its own id in it. */
    uint64_t parent;    /* 0: it is the trace's first */
    enum span_kind kind;
    struct str name;
    int64_t start_us; /* Wall clock. */
    int64_t end_us;
    struct str error; /* Why it failed, in a word; STR_NONE: it did not */
    struct span_attribute attributes[SPAN_ATTRIBUTES_MAX];
    size_t attribute_count;
};

/* Add one; an empty text is left out. At most SPAN_ATTRIBUTES_MAX. */
void span_text(struct span *s, const char *key, struct str value);
void span_number(struct span *s, const char *key, int64_t value);

/* The id as people see it; its text is the caller's and lives as long as s. */
void span_public_id(struct span *s, const char *key, struct id_text *text,
                    enum id_kind kind, struct id id);

#define SPAN_NO_TEXT UINT16_MAX

struct span_kept {
    struct trace trace;
    uint64_t parent;
    enum span_kind kind;
    int64_t start_us;
    int64_t end_us;
    uint16_t name; /* Places in `text`; SPAN_NO_TEXT: there is none */
    uint16_t error;
    uint16_t attribute_count;
    uint16_t text_len;
    struct {
        const char *key;
        int64_t number;
        uint16_t text;
    } attributes[SPAN_ATTRIBUTES_MAX];
    char text[SPAN_TEXT_BYTES]; /* Each ends with a NUL and is UTF-8. */
};

/* Copy; what is no good text (a collector would refuse all for it) gets '?' in
 * the place of what is not plain. */
void span_keep(const struct span *s, struct span_kept *out);

#endif

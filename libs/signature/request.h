/* The header lines of a webhook request, signed (docs/webhooks.md). Pure (clock
 * passed in). */
#ifndef PORTER_SIGNATURE_REQUEST_H
#define PORTER_SIGNATURE_REQUEST_H

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "base/str.h"
#include "base/traceparent.h"
#include "crypt/ed25519.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_LINES_MAX 32

/* Each ends with a NUL. */
struct request_lines {
    struct buf text;
    size_t starts[REQUEST_LINES_MAX];
    size_t count;
};

struct request_facts {
    int64_t now_us;
    struct str secret;
    struct str secret_previous; /* STR_NONE: none; signs until overlap_until */
    int64_t overlap_until_us;
    const struct ed25519_keys *signing; /* NULL: no v1a */
    struct id event_id;
    struct id delivery_id;
    struct str event_type;
    struct str request_id; /* STR_NONE: none */
    struct trace trace;    /* Its span is this attempt. */
    struct str body;
    struct str headers; /* The webhook's own: a whole line each. */
    int64_t attempt;    /* The first is 1. */
    bool is_test;
};

/* The lines anew. ERR_INTERNAL when a secret is not of the form it must have.
 */
MUST_USE bool request_lines_make(const struct request_facts *facts,
                                 struct request_lines *out, struct err *err);

#endif

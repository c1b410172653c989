/* The query string: names and values, percent-decoded, '+' is a blank. Pure. */
#ifndef PORTER_WEB_QUERY_H
#define PORTER_WEB_QUERY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/* Every parameter of the longest list, two of them as often as may be. */
#define QUERY_PARAMS_MAX 64

struct query_param {
    struct str name;
    struct str value;
};

struct query {
    struct query_param params[QUERY_PARAMS_MAX];
    size_t count;
};

/* ERR_MALFORMED for a bad escape, NUL, ill-formed UTF-8 or too many. */
MUST_USE bool query_read(struct str raw, struct arena *arena, struct query *out,
                         struct err *err);

/* Percent-encode for a query value (unreserved characters stay). */
void query_escape(struct buf *out, struct str value);

/* "%41" -> "A"; '+' stays unless plus_is_blank. False on a bad escape. */
MUST_USE bool percent_decode(struct str s, bool plus_is_blank,
                             struct arena *arena, struct str *out);

#endif

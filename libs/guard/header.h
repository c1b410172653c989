/* Which headers of its own a webhook may have: names and values. Pure. */
#ifndef PORTER_GUARD_HEADER_H
#define PORTER_GUARD_HEADER_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#define GUARD_HEADERS_MAX 10
#define GUARD_HEADER_NAME_MAX 64
#define GUARD_HEADER_VALUE_MAX 2000
#define GUARD_HEADER_MASK "********" /* Shown in place of a value. */

/* A letter or digit, then letters, digits, - and _ (ERR_INVALID); and none that
 * is reserved (ERR_FORBIDDEN). The sentence follows "headers.NAME". */
MUST_USE bool guard_header_name(struct str name, struct err *err);

/* Printable ASCII that neither begins nor ends with a blank (ERR_INVALID); and
 * not the mask (ERR_FORBIDDEN). */
MUST_USE bool guard_header_value(struct str value, struct err *err);

#endif

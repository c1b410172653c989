/* Text that is looked at: a borrowed run of bytes with its length.
 *
 * A str never owns; it is valid as long as what it points into. The bytes may
 * hold NUL and need not be UTF-8 unless a function says so. Pure. */
#ifndef PORTER_BASE_STR_H
#define PORTER_BASE_STR_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *data; /* May be NULL when len is 0: "not there". */
    size_t len;
};

#define STR_NONE ((struct str){NULL, 0})
/* A literal as a str. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/* For printf's "%.*s". */
#define STR_ARGS(s) (int)(s).len, (s).data

/* A C string as a str; NULL gives STR_NONE. */
static inline struct str str_of(const char *c)
{
    return (struct str){c, c == NULL ? 0 : strlen(c)};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ASCII letters compare without case. */
bool str_eq_ci(struct str a, struct str b);

/* A copy that ends in NUL; the caller frees it. */
char *str_dup(struct str s);

bool str_starts(struct str s, struct str prefix);

/* Does the byte c occur in s? */
bool str_has(struct str s, char c);

/* Drop spaces and tabs at both ends. */
struct str str_trim(struct str s);

/* Take what stands before the first `at` from *rest (which moves behind it).
 * False when *rest is used up. "a,,b" gives "a", "", "b"; "a," gives "a"; ""
 * gives nothing. */
bool str_split(struct str *rest, char at, struct str *part);

/* Decimal digits only, no sign, no blank; false when it is none or over max. */
MUST_USE bool str_to_u64(struct str s, uint64_t max, uint64_t *out);

/* Bytes of the code point that s (not empty) starts with, which is put into
 * *point; 0 when it is ill-formed. */
size_t str_utf8_next(struct str s, uint32_t *point);

/* Is it well-formed UTF-8 (no surrogates, nothing overlong, RFC 3629)? */
bool str_is_utf8(struct str s);

/* Code points in well-formed UTF-8. */
size_t str_utf8_count(struct str s);

/* Is it a token of HTTP: a method, the name of a field (RFC 9110, 5.6.2)? */
bool str_is_token(struct str s);

/* Does it hold a control character (C0 but not those in `allowed`, DEL, C1)? */
bool str_has_control(struct str s, const char *allowed);

#endif

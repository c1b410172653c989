/* Cursors: where a list goes on.
 *
 * A cursor is opaque to the caller: base64url of a version, the keyset values
 * of the last row and a MAC over them and over what the list was asked for
 * (its name, organization and filters). An altered cursor, or one of another
 * list, other filters or another organization, is refused. Pure. */
#ifndef PORTER_GATEWAY_PAGE_H
#define PORTER_GATEWAY_PAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "crypt/crypt.h"

#define PAGE_TEXT_MAX 1024   /* Bytes of a textual keyset value. */
#define PAGE_CURSOR_MAX 1440 /* Characters of the longest cursor. */

/* The last row that was shown, by what its list is sorted by. */
struct page_key {
    int64_t number;  /* A time in microseconds, or 0. */
    struct str text; /* A name, or empty. */
    struct id id;
};

/* Of a row with this id, which we wrote ourselves; the rest is empty. */
struct page_key page_key_of(enum id_kind kind, const char *id);

/* What a cursor is bound to; make it with page_binding. */
struct page_binding {
    struct sha256 hash;
};

/* filters: the parsed filters in a form in which equal ones are equal. */
struct page_binding page_binding(struct str list, struct id org_id,
                                 struct str filters);

void page_write(struct str secret, const struct page_binding *binding,
                const struct page_key *key, struct buf *out);

/* ERR_INVALID when it is not one that page_write made for this binding. The
 * key's text is in the arena. */
MUST_USE bool page_read(struct str secret, const struct page_binding *binding,
                        struct str cursor, struct arena *arena,
                        struct page_key *out, struct err *err);

#endif

/* A name that nobody knows: which known one was most likely meant?
 *
 *     struct near near = near_to(name);
 *     near_try(&near, STR("limit"));          // each that there is
 *     if (near.best.len > 0) …                // else tell all: near_list
 *
 * Case does not count, and at most NEAR_EDITS_MAX letters may differ. Pure. */
#ifndef PORTER_BASE_NEAR_H
#define PORTER_BASE_NEAR_H

#include "base/buf.h"
#include "base/str.h"

#define NEAR_EDITS_MAX 2
#define NEAR_NAME_MAX 64  /* Bytes; a longer name is near to none. */
#define NEAR_LIST_MAX 220 /* Bytes of a list of names. */

struct near {
    struct str name; /* Borrowed, as the known ones are. */
    struct str best; /* STR_NONE: none is near. */
    size_t edits;
};

struct near near_to(struct str name);
void near_try(struct near *near, struct str known);

/* Add ", name" while there is room, then ", ..." once. */
void near_list(struct buf *list, struct str name);

#endif

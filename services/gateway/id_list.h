/* Lists of ids in a body, and the places in which they were sent.
 *
 * They are taken from the JSON itself, so that what PostgreSQL says of them is
 * told together with all other faults of the body. */
#ifndef PORTER_GATEWAY_ID_LIST_H
#define PORTER_GATEWAY_ID_LIST_H

#include "gateway/call.h"
#include "json/json.h"

struct id_list {
    const char *field;
    struct id *ids; /* The arena's, with room for max. */
    size_t *places; /* Of each in the list that was sent. */
    size_t count;
};

/* The first `max` entries of the field, as far as they are ids of the kind.
 * What is no list, or no id, is the rules' to tell. */
struct id_list id_list_read(struct call *call, const struct json *body,
                            const char *field, enum id_kind kind, size_t max);

/* A fault of the id number `at`. */
void id_list_fault(struct call *call, const struct id_list *list, size_t at,
                   enum fault_code code, const char *sentence);

/* A fault of every id that is in the list before, or in `other` (may be NULL).
 */
void id_list_check_once(struct call *call, const struct id_list *list,
                        const struct id_list *other);

#endif

/* Networks, as a setting names them: "10.0.0.0/8, fd00::/8". Pure. */
#ifndef PORTER_GUARD_ADDRESS_LIST_H
#define PORTER_GUARD_ADDRESS_LIST_H

#include "guard/address.h"

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_LIST_MAX 32

struct address_list {
    size_t count;
    struct address_range ranges[ADDRESS_LIST_MAX];
};

/* "" is none. ERR_INVALID names every part that is no CIDR. */
MUST_USE bool address_list_read(struct str text, struct address_list *out,
                                struct err *err);

/* The same of proxies that may say who calls: no range may be everybody, since
 * each of them may name any caller. */
MUST_USE bool address_list_read_proxies(struct str text,
                                        struct address_list *out,
                                        struct err *err);

bool address_list_has(const struct address_list *list, const struct address *a);

#endif

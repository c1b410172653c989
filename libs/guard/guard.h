/* Which URLs and addresses a webhook may have: the one judge, asked when a
 * webhook is saved, by each attempt before it begins, and once more with the
 * address that is really connected to. Pure; thread-safe once read.
 *
 * A literal address gets the same verdict each time. A name gets it when it is
 * connected to: only then its address is known (name.h asks beforehand). */
#ifndef PORTER_GUARD_GUARD_H
#define PORTER_GUARD_GUARD_H

#include "guard/address_list.h"

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct sockaddr;

#define GUARD_URL_MAX 2048

struct guard {
    bool is_development; /* http to loopback hosts. */
    struct address_list allow;
};

/* "10.0.0.0/8,fd00::/8": what is reachable in spite of the policy. "" is
 * none. ERR_INVALID names every part that is no CIDR. */
MUST_USE bool guard_read(struct str allow, bool is_development,
                         struct guard *out, struct err *err);

/* Do both URLs lead to the same scheme, host and port? What is no URL leads
 * nowhere. */
bool guard_same_origin(struct str a, struct str b);

/* Has it the form that a webhook's URL has everywhere? http or https; a name
 * or an address in its usual spelling; no user or password; port 443 or one
 * from 1024 on; at most GUARD_URL_MAX bytes, all printable ASCII. ERR_INVALID
 * is a sentence that begins with "the URL" and says what to do. */
MUST_USE bool guard_form(struct str url, struct err *err);

/* May it be called from here? guard_form; https, or http to a loopback host in
 * development; and no literal address (or localhost) that guard_may_connect
 * would refuse. ERR_INVALID for what is wrong with the form or scheme,
 * ERR_FORBIDDEN for the address. */
MUST_USE bool guard_url(const struct guard *g, struct str url, struct err *err);

/* May this address and port be connected to? `guard` is a struct guard; the
 * form is fetch_may_connect_fn's. ERR_FORBIDDEN says why not. */
bool guard_may_connect(void *guard, const struct sockaddr *address,
                       struct err *why);

#endif

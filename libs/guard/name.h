/* What the name in a URL leads to now: asked when a webhook is saved, so that
 * who saves a name that leads inwards hears of it then. A courtesy, not the
 * guard: names change, and what counts is the address that is connected to
 * (guard_may_connect). */
#ifndef PORTER_GUARD_NAME_H
#define PORTER_GUARD_NAME_H

#include "guard/guard.h"

#include "base/id.h"

#define NAME_LOOKUPS_MAX 16 /* At the same time, */
#define NAME_LOOKUPS_EACH 4 /* and of one organization; more are not begun. */

enum name_verdict {
    NAME_FINE,    /* An address of it may be connected to; or it is no name. */
    NAME_UNKNOWN, /* No address now, none in time, or too many lookups. */
    NAME_REFUSED, /* It has addresses, and none may be connected to. */
};

/* Look the URL's host up with the machine's resolver, for `wait_ms` at most (0:
 * NAME_FINE without looking), for this organization, and ask guard_may_connect
 * of each address, as an attempt does. The URL passed guard_url before.
 * NAME_REFUSED sets err, a sentence that begins with "the URL" (ERR_FORBIDDEN).
 * Thread-safe; blocks. */
MUST_USE enum name_verdict guard_name(const struct guard *g, struct str url,
                                      struct id org_id, unsigned wait_ms,
                                      struct err *err);

#endif

/* The Cookie header (RFC 6265, 4.2 and 5.4). Pure. */
#ifndef PORTER_WEB_COOKIE_H
#define PORTER_WEB_COOKIE_H

#include "web/web.h"

/* How often a cookie of this name (its case counts) is in a header's value, and
 * what the first one says: as sent, without quotes around it. Pairs that are
 * none are passed over. */
size_t cookie_read(struct str header, struct str name, struct str *value);

/* The same over all Cookie headers of a request: HTTP/2 may split them. */
size_t cookie_find(const struct web_request *r, struct str name,
                   struct str *value);

#endif

/* Who calls: whose address a request is slowed, logged and shown by. Pure.
 *
 * Without trusted proxies it is whose connection it is, and no header is read.
 * A connection that is a trusted proxy's tells who called the proxy: each adds
 * that to the end of X-Forwarded-For, so the list is read from its end for as
 * long as the address that is known by then is a proxy's. Several lines are one
 * list.
 *
 * So nothing is believed but what a trusted proxy has written. What stands left
 * of the first address that is none of theirs is whatever that caller sent, and
 * is not looked at. Where the list ends, or goes on with what is no address
 * (empty, "unknown", a name), or after CALLER_HOPS_MAX, the caller is the last
 * that is known: a proxy, which called itself or does not say who did. Nothing
 * is ever skipped to come to what stands further left: a caller could have
 * written that. (A proxy that passes the header on as it came is not to be
 * trusted: its list ends with the caller's own words.)
 *
 * RFC 7239's Forwarded is not read: two headers that say the same could differ,
 * and a proxy that writes the one passes on the other as it came. */
#ifndef PORTER_WEB_CALLER_H
#define PORTER_WEB_CALLER_H

#include "guard/address_list.h"
#include "web/web.h"

#include "base/str.h"

/* How many elements are looked at, at most. */
#define CALLER_HOPS_MAX 16

/* The caller's address as text: of the connection as it is, or in the arena and
 * as address_write has it. `proxies` may be NULL: none. */
struct str caller_address(const struct web_request *req,
                          const struct address_list *proxies);

#endif

/* Which pages may call the API from a browser: the origins that organizations
 * have allowed (none by default).
 *
 * A preflight has no key, so it is allowed when any organization allows the
 * origin; the answer to the request itself may be read when the key's own
 * organization does. The list is read from PostgreSQL when a request with an
 * Origin comes and it is older than CORS_MEMORY_MS; others cost nothing.
 * Thread-safe. */
#ifndef PORTER_GATEWAY_CORS_H
#define PORTER_GATEWAY_CORS_H

#include "gateway/call.h"

#define CORS_MEMORY_MS 2000

struct cors;

struct cors *cors_new(void);
void cors_free(struct cors *c); /* Accepts NULL. */

/* Access-Control-* headers, when the request has an Origin. */
void cors_answer(struct call *call);

#endif

/* The dashboard's door: /dashboard/api/…, for its own page and nobody else.
 *
 * Who comes in shows a session's cookie, which is sent by browsers alone and
 * only for requests of the same site; a key opens nothing here, and the cookie
 * nothing elsewhere. /dashboard/api/v1/X is the API's own operation. */
#ifndef PORTER_GATEWAY_DASHBOARD_DOOR_H
#define PORTER_GATEWAY_DASHBOARD_DOOR_H

#include "gateway/call.h"

/* False: it is not for this door. Else call->match is what was asked for, or
 * nothing. */
MUST_USE bool door_find(struct call *call, enum web_method method);

/* Did our page send it? 403 otherwise. True for calls to other doors. */
MUST_USE bool door_guard(struct call *call, struct err *err);

/* Whose session is it? 401; 429 when it asks too much. */
MUST_USE bool door_admit(struct call *call, struct err *err);

/* May he do it, and has he confirmed? 403. */
MUST_USE bool door_check(struct call *call, struct err *err);

/* The hash of the token that the request shows; false: none, or several. */
MUST_USE bool door_token(const struct call *call, struct sha256 *out);

/* Set-Cookie: this token; NULL: none any more. */
void door_set_cookie(struct call *call, const char *token);

#endif

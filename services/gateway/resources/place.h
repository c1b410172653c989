/* `location_id` in a body: where something takes place. */
#ifndef PORTER_GATEWAY_RESOURCES_PLACE_H
#define PORTER_GATEWAY_RESOURCES_PLACE_H

#include "gateway/call.h"
#include "json/json.h"

/* Is the member not there, null or ""? In a message these are the same. */
bool body_lacks(const struct json *body, const char *name);

/* An organization with exactly one location need not name it: when the body
 * does not, *only is that one. With none or several the field is required: a
 * fault is added, and *valid is false. False: PostgreSQL could not be asked. */
MUST_USE bool place_read(struct call *call, const struct json *body,
                         struct id *only, bool *valid, struct err *err);

/* A fault when the body names a location that is not the organization's: for
 * bodies that have other faults, too; else the statement itself tells. False:
 * PostgreSQL could not be asked. */
MUST_USE bool place_check(struct call *call, const struct json *body,
                          struct err *err);

/* Refuse a location that is not the organization's. Returns false. */
bool place_refuse(struct call *call, struct err *err);

#endif

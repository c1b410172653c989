/* Too much at once is refused early: 503 `overloaded` rather than a queue that
 * only grows. Caps on the requests under way, in all and per key; at three
 * quarters of a cap reads are refused, at all of it writes, evacuations never.
 * Thread-safe. */
#ifndef PORTER_GATEWAY_LOAD_H
#define PORTER_GATEWAY_LOAD_H

#include "gateway/call.h"

enum load_kind { LOAD_READ, LOAD_WRITE, LOAD_EVACUATION };

/* How many may be under way for one more of this kind to begin. Pure. */
unsigned load_room(enum load_kind kind, unsigned max);

/* Count the call in, or refuse it: in all, and (once it is known) its key. */
MUST_USE bool load_enter(struct call *call, struct err *err);
MUST_USE bool load_enter_key(struct call *call, struct err *err);
/* The end of whatever was entered. */
void load_leave(struct call *call);

#endif

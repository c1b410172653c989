/* The ending that all answers have: what went wrong, and the headers that do
 * not depend on the operation. */
#ifndef PORTER_GATEWAY_ANSWER_H
#define PORTER_GATEWAY_ANSWER_H

#include "gateway/call.h"

/* When err says that something went wrong: the problem as the body, once. */
void answer_problem(struct call *call, const struct err *err);

/* The body in gzip form, when it is over a KiB and the client takes that. */
void answer_pack(struct call *call);

/* RateLimit-*, to a known key. */
void answer_limits(struct call *call);

/* X-Request-Id, Server-Timing and what is the same on every answer. */
void answer_fixed(struct call *call);

#endif

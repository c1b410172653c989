/* The ending that all answers have: what went wrong, and the headers that do
 * not depend on the operation. */
#ifndef PORTER_GATEWAY_ANSWER_H
#define PORTER_GATEWAY_ANSWER_H

#include "gateway/call.h"

/* When err says that something went wrong: the problem as the body, once. */
void answer_problem(struct call *call, const struct err *err);

/* RateLimit-*, to a known key. */
void answer_limits(struct call *call);

/* X-Request-Id and what is the same on every answer. */
void answer_fixed(struct call *call);

#endif

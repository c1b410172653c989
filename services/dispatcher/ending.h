/* Webhooks that get nothing any more until somebody enables them: what comes
 * for them is held. In circuits' thread. */
#ifndef PORTER_DISPATCHER_ENDING_H
#define PORTER_DISPATCHER_ENDING_H

#include "dispatcher/dispatcher.h"
#include "dispatcher/news.h"

/* Nothing but failures since then: disable it if that is too long. */
MUST_USE bool ending_old(struct dispatcher *d, const struct news *n,
                         int64_t since_us, int64_t failures, struct err *err);

/* Its endpoint is gone for good. */
MUST_USE bool ending_gone(struct dispatcher *d, const struct news *n,
                          struct err *err);

#endif

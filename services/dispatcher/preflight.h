/* What is looked at before an endpoint is called. Pure. */
#ifndef PORTER_DISPATCHER_PREFLIGHT_H
#define PORTER_DISPATCHER_PREFLIGHT_H

#include "dispatcher/job.h"

#include "base/macros.h"
#include "fetch/fetch.h"
#include "guard/guard.h"

/* May the job's webhook be called now? If not, `refused` is an answer (but for
 * its owner) that says why: an attempt that is shown, and made again as any
 * other. What the guard says of the URL counts as much as what it says of the
 * address behind a name; with an expired client certificate the endpoint would
 * refuse us, and could not say why. */
MUST_USE bool preflight(const struct guard *guard, const struct job *j,
                        int64_t now_us, struct fetch_answer *refused);

#endif

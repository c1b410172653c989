/* The private listener: /healthz, /readyz, /metrics. */
#ifndef PORTER_DISPATCHER_HEALTH_H
#define PORTER_DISPATCHER_HEALTH_H

#include "dispatcher/dispatcher.h"

MUST_USE bool health_open(struct dispatcher *d, struct health **out,
                          struct err *err);
void health_close(struct health *h); /* NULL ok. */

#endif

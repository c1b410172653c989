/* The private listener: alive, ready, metrics. Never a public address. */
#ifndef PORTER_GATEWAY_PRIVATE_H
#define PORTER_GATEWAY_PRIVATE_H

#include "web/web.h"

/* Its handlers; user is the struct gateway.
 *   /healthz  200 while the process answers at all
 *   /readyz   200 when requests can be served: PostgreSQL answers, the schema
 *             is ours, and we are not draining; else 503. Redis and Kafka away
 *             make it "degraded", still 200: the gateway goes on without them.
 *   /metrics  Prometheus' text form */
web_handler_fn private_handle;
web_refuse_fn private_refuse;

#endif

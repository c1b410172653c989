/* The private listener: alive, ready, metrics. Never a public address. */
#ifndef PORTER_GATEWAY_PRIVATE_H
#define PORTER_GATEWAY_PRIVATE_H

#include "web/web.h"

struct gateway;

/* Its handlers; user is the struct gateway.
 *   /healthz  200 while the process answers at all
 *   /readyz   200 when requests can be answered: the schema is ours, and we
 *             are not draining; else 503. Redis, Kafka and PostgreSQL away make
 *             it "degraded", still 200: PostgreSQL is away from all gateways at
 *             once, and callers are better told so by us than by nobody.
 *   /metrics  Prometheus' text form */
web_handler_fn private_handle;
web_refuse_fn private_refuse;

/* Does PostgreSQL answer, and is its schema ours? For /readyz, which waits for
 * nobody once that was so. */
void private_ask_schema(struct gateway *g);

#endif

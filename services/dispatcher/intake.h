/* Intake: Kafka records -> events -> deliveries, into ledger and lanes.
 *
 * One thread owns the consumer. It never waits for an endpoint. When memory is
 * full, or an organization's webhooks can't be read, fetching pauses while the
 * membership in the group goes on. */
#ifndef PORTER_DISPATCHER_INTAKE_H
#define PORTER_DISPATCHER_INTAKE_H

#include "dispatcher/dispatcher.h"

MUST_USE bool intake_open(struct dispatcher *d, struct intake **out,
                          struct err *err);

/* Take in nothing more. The consumer stays open for the places to come. */
void intake_stop(struct intake *in); /* NULL ok. */

/* Commit what has become durable and leave the group. */
void intake_close(struct intake *in); /* NULL ok. */

/* For readiness; thread-safe. */
bool intake_is_joined(struct intake *in);

#endif

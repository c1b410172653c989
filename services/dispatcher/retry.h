/* Due rows: claims what may be sent now and puts it on the same road.
 *
 * One thread of its own; it sleeps until the next row it knows of is due, and
 * looks by itself at least every RETRY_LOOK_MS for rows of others (tests,
 * leases of a dead process). Every function is thread-safe. */
#ifndef PORTER_DISPATCHER_RETRY_H
#define PORTER_DISPATCHER_RETRY_H

#include "dispatcher/dispatcher.h"

#define RETRY_LOOK_MS 1000

/* From here on it may be told of due rows; it claims from retry_start on. */
struct retry *retry_new(struct dispatcher *d);
MUST_USE bool retry_start(struct retry *r, struct err *err);
void retry_stop(struct retry *r);  /* Claims nothing more; waits. NULL ok. */
void retry_close(struct retry *r); /* NULL ok. */

/* A row is due then. */
void retry_due(struct retry *r, int64_t due_at_us);

/* Look now: somebody says there is work, or there is room again. */
void retry_look(struct retry *r);

#endif

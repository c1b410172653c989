/* Many callers' statements, one trip on one connection. */
#ifndef PORTER_DB_BATCH_H
#define PORTER_DB_BATCH_H

#include "db/connection.h"

/* A call is answered: its memory may be gone when this returns. */
typedef void call_done_fn(struct call *call);

/* Run all calls; each gets its own answer, as soon as it is known, through
 * `done` (NULL: nobody waits). Entries of `calls` become NULL. */
void batch_run(struct connection *c, struct call **calls, size_t count,
               call_done_fn *done);

#endif

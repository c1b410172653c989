/* Spans on their way out: a ring of fixed size between many threads that put
 * and one that takes. What does not fit is not taken in; nobody waits for room.
 * Thread-safe. */
#ifndef PORTER_TRACE_QUEUE_H
#define PORTER_TRACE_QUEUE_H

#include "trace/span.h"

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPAN_QUEUE_MAX 2048 /* Of less than 2 KiB each; never more memory. */
#define SPAN_BATCH_MAX 512
#define SPAN_WAIT_US 1000000 /* How long the first of a batch waits. */

struct span_queue;

struct span_queue *span_queue_new(void);
void span_queue_free(struct span_queue *q); /* Accepts NULL. */

/* Copy it in; false: there is no room. Waits for nobody but for a copy under
 * way. */
MUST_USE bool span_queue_put(struct span_queue *q, const struct span *s);

/* The taker's: wait for a batch (until it is full, or its first has waited
 * long enough, or the queue is stopped) and look at it. It stays where it is
 * until span_queue_drop. 0: stopped, and nothing is left. */
size_t span_queue_wait(struct span_queue *q,
                       const struct span_kept *list[static SPAN_BATCH_MAX]);
void span_queue_drop(struct span_queue *q, size_t count);

/* The taker's: sleep; true when stopped meanwhile or before. */
bool span_queue_rest(struct span_queue *q, int64_t rest_us);

/* From now on the taker does not wait. */
void span_queue_stop(struct span_queue *q);

#endif

/* What became of an attempt, in one sentence with its cure: the only file with
 * these words, in two tables. Pure. */
#ifndef PORTER_DISPATCHER_EXPLAIN_H
#define PORTER_DISPATCHER_EXPLAIN_H

#include "base/buf.h"
#include "base/str.h"
#include "fetch/fetch.h"

#define EXPLAIN_LATE_PERCENT 80 /* Of the time-out: nearly too late. */

/* As stored in attempts.failure; NULL for FETCH_OK. */
const char *explain_word(enum fetch_failure failure);

/* Append the sentence; nothing after a success that was in good time. `url` is
 * the webhook's. */
void explain(const struct fetch_answer *answer, struct str url,
             struct buf *out);

/* The tables as Markdown, for docs/failures.md. */
void explain_docs(struct buf *out);

#endif

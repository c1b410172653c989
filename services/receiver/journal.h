/* What was received: counts, the last JOURNAL_KEPT requests as JSON lines, and
 * the log file, written at most JOURNAL_FLUSH_MS late. Thread-safe. */
#ifndef PORTER_RECEIVER_JOURNAL_H
#define PORTER_RECEIVER_JOURNAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdint.h>

#define JOURNAL_KEPT 10000
#define JOURNAL_FLUSH_MS 20

struct received {
    int64_t received_at_us;
    struct str event_id, type, delivery, attempt, subject, path, body;
    bool signature_ok, standard_ok;
    unsigned status; /* What was answered. */
};

struct journal;

/* log: a file's path, or NULL. */
MUST_USE bool journal_open(const char *log, bool quiet, struct journal **out,
                           struct err *err);
void journal_close(struct journal *j); /* Accepts NULL. */

void journal_add(struct journal *j, const struct received *r);

/* {"received":N,"signature_ok":N,"standard_ok":N,"answered_2xx":N} */
void journal_stats(struct journal *j, struct buf *out);

/* {"received":[…],"next":N}: the kept ones with seq over `after`, at most
 * `limit`; the first request has seq 1. */
void journal_list(struct journal *j, uint64_t after, uint64_t limit,
                  struct buf *out);

/* Forget counts and requests; seq goes on. */
void journal_clear(struct journal *j);

#endif

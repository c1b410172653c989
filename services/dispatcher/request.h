/* A job as an HTTP request: its header lines, signed. Pure (clock and span
 * passed in). */
#ifndef PORTER_DISPATCHER_REQUEST_H
#define PORTER_DISPATCHER_REQUEST_H

#include "dispatcher/job.h"

#include "base/buf.h"
#include "fetch/fetch.h"
#include "signature/request.h"

/* What is this attempt's own. */
struct request_moment {
    int64_t now_us;
    uint64_t span; /* Its id, for whom it reaches. */
};

/* Fill `out` (but not its owner) for the job's next attempt; it borrows the
 * lines until the answer. `signing` NULL: no v1a. ERR_INTERNAL when a secret is
 * not of the form it must have. */
MUST_USE bool request_make(const struct job *j, struct request_moment moment,
                           const struct ed25519_keys *signing,
                           struct request_lines *lines,
                           struct fetch_request *out, struct err *err);

/* Append the lines, one each, as they are shown to people: of those that are
 * not ours to show (Authorization, and whatever else a customer may have us
 * send) only the name. Signatures are no secrets. */
void request_show(const struct request_lines *lines, struct buf *out);

/* Put asterisks in the place of every value that request_show does not show, in
 * the len bytes of text, which an endpoint may have sent back to us (also of
 * one that the end of the text has cut). Values of less than 4 bytes are left:
 * they stand everywhere by chance. */
void request_mask(const struct request_lines *lines, char *text, size_t len);

#endif

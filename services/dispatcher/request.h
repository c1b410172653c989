/* A job as an HTTP request: its header lines, signed. Pure (clock passed in,
 * but for the span id, which is random). */
#ifndef PORTER_DISPATCHER_REQUEST_H
#define PORTER_DISPATCHER_REQUEST_H

#include "dispatcher/job.h"

#include "base/buf.h"
#include "crypt/ed25519.h"
#include "fetch/fetch.h"

/* The lines' memory; borrowed by the fetch_request until the answer. */
struct request_lines {
    struct buf text;
    size_t starts[FETCH_HEADERS_MAX];
    size_t count;
    const struct ed25519_keys *signing; /* NULL: no v1a */
};

/* Fill `out` (but not its owner) for the job's next attempt. ERR_INTERNAL when
 * a secret is not of the form it must have. */
MUST_USE bool request_make(const struct job *j, int64_t now_us,
                           struct request_lines *lines,
                           struct fetch_request *out, struct err *err);

/* Append the lines, one each, as they are shown to people: of those that are
 * not ours to show (Authorization, and whatever else a customer may have us
 * send) only the name. Signatures are no secrets. */
void request_show(const struct request_lines *lines, struct buf *out);

#endif

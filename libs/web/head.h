/* One request head, from raw bytes to a checked request: after the socket,
 * before the body. Stricter than RFC 9112 wherever two servers could read the
 * same bytes in two ways. Pure. */
#ifndef PORTER_WEB_HEAD_H
#define PORTER_WEB_HEAD_H

#include "web/web.h"

/* Larger lengths than this are refused whatever body_max is. */
#define HEAD_LENGTH_MAX ((uint64_t)1 << 53)

/* What the head says of the body and of the connection. */
struct head {
    bool has_length;
    uint64_t length; /* 0 without Content-Length. */
    bool is_chunked;
    bool wants_continue; /* Expect: 100-continue */
    bool wants_close;    /* No further request may follow this one. */
};

struct head_fault {
    enum web_refusal code;
    const char *detail; /* A literal. */
};

/* Read `raw`, which ends with the empty line, into method, path, query and
 * headers of *req (they point into raw, or into the arena when decoded). On
 * false, *fault says why and *req holds what was read so far. */
MUST_USE bool head_read(struct str raw, struct arena *arena,
                        struct web_request *req, struct head *out,
                        struct head_fault *fault);

#endif

/* Which addresses a webhook may reach. Pure; thread-safe once read. */
#ifndef PORTER_DISPATCHER_GUARD_H
#define PORTER_DISPATCHER_GUARD_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define GUARD_ALLOW_MAX 32

/* A range of addresses; v4 ones as v4-mapped v6 (::ffff:a.b.c.d, bits + 96). */
struct guard_range {
    uint8_t bytes[16];
    unsigned bits;
};

struct guard {
    bool is_development; /* http to loopback hosts. */
    size_t count;
    struct guard_range allow[GUARD_ALLOW_MAX];
};

/* "10.0.0.0/8,fd00::/8": what is reachable in spite of the policy. "" is
 * none. ERR_INVALID names every part that is no CIDR. */
MUST_USE bool guard_read(struct str allow, bool is_development,
                         struct guard *out, struct err *err);

/* May this address and port be connected to? `guard` is a struct guard; the
 * form is fetch_may_connect_fn's. ERR_FORBIDDEN says why not. */
bool guard_may_connect(void *guard, const struct sockaddr *address,
                       struct err *why);

/* May it be called at all? base/endpoint.h. ERR_FORBIDDEN says why not. */
MUST_USE bool guard_url(const struct guard *g, struct str url, struct err *err);

#endif

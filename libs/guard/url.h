/* A webhook's URL, taken apart strictly. Pure. The rest of the program asks
 * guard.h. */
#ifndef PORTER_GUARD_URL_H
#define PORTER_GUARD_URL_H

#include "guard/address.h"

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct url {
    bool is_http;
    struct str host;        /* Without brackets and without a dot at its end. */
    bool is_address;        /* A literal one, */
    struct address address; /* which is this. */
    uint64_t port;
};

/* What guard_form says. On false err is a sentence that begins with "the URL";
 * *out borrows from text. */
MUST_USE bool url_read(struct str text, struct url *out, struct err *err);

/* localhost, *.localhost: loopback to every resolver that keeps RFC 6761, as
 * libcurl does without asking anybody. */
bool url_is_localhost(const struct url *u);

#endif

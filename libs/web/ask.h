/* One question to a private listener of ours on this machine: what a container
 * runs as its health check, so that its image needs no other program. */
#ifndef PORTER_WEB_ASK_H
#define PORTER_WEB_ASK_H

#include "base/buf.h"
#include "base/macros.h"

#include <stdbool.h>

/* GET /readyz over plain HTTP: is it 2xx? `said` gets the answer, or what is
 * wrong when it is another or nobody answers within 3 s. `address` is a numeric
 * one; a wildcard such as 0.0.0.0 means this host. */
MUST_USE bool web_ask_ready(const char *address, unsigned port,
                            struct buf *said);

#endif

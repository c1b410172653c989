/* A webhook's own headers as they are stored. Private to libs/store. */
#ifndef PORTER_STORE_WEBHOOK_HEADERS_H
#define PORTER_STORE_WEBHOOK_HEADERS_H

#include "store/webhook.h"

#include "guard/header.h"

/* Sealed lines, appended; nothing when there are none. Bound to the webhook and
 * to being headers. */
/* Behind the webhook's id, what its sealed headers are bound to. */
#define WEBHOOK_HEADERS_CONTEXT " headers"

void webhook_headers_seal(const struct seal_keys *keys, struct id id,
                          const struct webhook_input *in, struct buf *out);

/* "Name: value\n" lines in the arena. False when they can't be opened. */
MUST_USE bool webhook_headers_open(const struct seal_keys *keys, struct id id,
                                   struct str sealed, struct arena *arena,
                                   struct str *out);

/* The same of the client certificate with its key. */
#define WEBHOOK_CLIENT_CONTEXT " client_certificate"

void webhook_client_seal(const struct seal_keys *keys, struct id id,
                         const struct webhook_input *in, struct buf *out);
MUST_USE bool webhook_client_open(const struct seal_keys *keys, struct id id,
                                  struct str sealed, struct arena *arena,
                                  struct str *out);

/* The names alone. */
void webhook_headers_names(const struct webhook_input *in,
                           struct str names[GUARD_HEADERS_MAX]);

#endif

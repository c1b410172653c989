/* What our TLS servers speak: 1.2 and 1.3, forward secrecy only, tickets for
 * resumption, no renegotiation; and a certificate that can be changed while
 * connections live. Thread-safe. */
#ifndef PORTER_WEB_TLS_H
#define PORTER_WEB_TLS_H

#include "base/err.h"
#include "base/macros.h"

struct tls;

MUST_USE bool tls_open(const char *certificate, const char *key,
                       struct tls **out, struct err *err);
void tls_close(struct tls *t); /* Accepts NULL. */

/* Read the files again. Handshakes that begin after this have the new
 * certificate; on failure all keep the old one. */
MUST_USE bool tls_reload(struct tls *t, struct err *err);

/* The SSL_CTX that connections begin with; owned by t. */
void *tls_context(struct tls *t);

#endif

/* Is the certificate on disk another than the one in use? Belongs to main's
 * thread. */
#ifndef PORTER_GATEWAY_TLS_H
#define PORTER_GATEWAY_TLS_H

#include "gateway/gateway.h"

struct tls_watch {
    int64_t certificate_at_ns;
    int64_t key_at_ns;
};

/* Remember the files as they are now. */
void tls_watch_init(struct tls_watch *w, const struct gateway_settings *s);

/* Read certificate and key again when they changed, or when `force`. The old
 * ones stay in use when the new can't be read; the log says why. */
void tls_watch_turn(struct tls_watch *w, struct gateway *g, bool force);

#endif

/* Opening and closing what the gateway is made of. */
#ifndef PORTER_GATEWAY_BOOT_H
#define PORTER_GATEWAY_BOOT_H

#include "gateway/gateway.h"

/* Fill g->settings and the secrets that follow from them. `told` gets every
 * fault of the configuration. */
MUST_USE bool boot_settings(struct gateway *g, struct buf *told,
                            struct err *err);

/* Each opens one part from g->settings, in the order in which they stand here;
 * a part needs only those above it. Nothing here waits for a neighbour. */
MUST_USE bool boot_store(struct gateway *g, struct err *err);
/* Before whatever makes spans. */
MUST_USE bool boot_tracer(struct gateway *g, struct err *err);
MUST_USE bool boot_admit(struct gateway *g, struct err *err);
MUST_USE bool boot_plain(struct gateway *g, struct err *err);
MUST_USE bool boot_https(struct gateway *g, struct err *err);
/* Its metrics are the HTTPS listener's too. */
MUST_USE bool boot_health(struct gateway *g, struct err *err);
/* Last: a gateway that can't start takes no shards from those that run. What
 * is written before waits as rows, which a relay reads when it begins. */
MUST_USE bool boot_relay(struct gateway *g, struct err *err);

/* Stop taking requests, finish those under way, close everything. Accepts a
 * gateway of which only some parts are open. */
void boot_close(struct gateway *g);

#endif

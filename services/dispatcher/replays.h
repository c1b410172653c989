/* Replays: deliveries that somebody wants sent again, by the thousand, become
 * due in portions.
 *
 * One thread of its own. */
#ifndef PORTER_DISPATCHER_REPLAYS_H
#define PORTER_DISPATCHER_REPLAYS_H

#include "dispatcher/dispatcher.h"

MUST_USE bool replays_open(struct dispatcher *d, struct replays **out,
                           struct err *err);
void replays_close(struct replays *r); /* Waits. NULL ok. */

#endif

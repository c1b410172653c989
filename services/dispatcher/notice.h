/* What PostgreSQL tells us: webhooks changed, deliveries are waiting.
 *
 * One thread with one session that LISTENs. After a lost connection nothing
 * that was cached is trusted. */
#ifndef PORTER_DISPATCHER_NOTICE_H
#define PORTER_DISPATCHER_NOTICE_H

#include "dispatcher/dispatcher.h"

MUST_USE bool notice_open(struct dispatcher *d, struct notice **out,
                          struct err *err);
void notice_close(struct notice *n); /* NULL ok. */

#endif

/* Writes with a wish: to be carried out once however often they are sent
 * (Idempotency-Key), or not at all (X-Porter-Dry-Run). And writes of people
 * that the audit log tells of (OP_NOTED).
 *
 * All run the handler inside one transaction, which call->db is for as long:
 * the first commits the answer with the change, the second rolls back, the
 * third commits a line of the audit log with it. Other requests go straight to
 * their handler. */
#ifndef PORTER_GATEWAY_TRANSACT_H
#define PORTER_GATEWAY_TRANSACT_H

#include "gateway/call.h"

/* Run the operation's handler as the request wishes. */
MUST_USE bool transact_handle(struct call *call, struct err *err);

#endif

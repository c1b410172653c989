/* An organization's API keys, as the dashboard shows them. */
#ifndef PORTER_GATEWAY_DASHBOARD_KEYS_H
#define PORTER_GATEWAY_DASHBOARD_KEYS_H

#include "gateway/call.h"
#include "store/key.h"

/* The key of the path; ERR_NOT_FOUND. */
MUST_USE bool keys_find(struct call *call, struct key_row *out,
                        struct err *err);

#endif

/* The dashboard's files (services/dashboard), served under /dashboard/.
 *
 * A file below assets/ has a hash of its content in its name, so it may be
 * kept for ever; every other path is a screen, and all screens are one page.
 * /dashboard/api is not ours. */
#ifndef PORTER_GATEWAY_SCREENS_H
#define PORTER_GATEWAY_SCREENS_H

#include "gateway/call.h"

/* A step of the pipeline: answers when the path is one of the dashboard's
 * files, else lets the call go on. */
bool screens_serve(struct call *call, struct err *err);

#endif

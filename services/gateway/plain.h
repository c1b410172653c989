/* The plain-HTTP listener: says no, and takes exposed keys out of use. */
#ifndef PORTER_GATEWAY_PLAIN_H
#define PORTER_GATEWAY_PLAIN_H

#include "web/web.h"

/* Its handler; user is the struct gateway. Every request is answered with 403
 * and the connection ends: never a redirect, the harm is done already. A live
 * key that came with it is revoked, because it must be taken as known. */
web_handler_fn plain_handle;
web_refuse_fn plain_refuse;

#endif

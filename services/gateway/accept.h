/* What a caller takes: the lists of Accept and Accept-Encoding. Pure. */
#ifndef PORTER_GATEWAY_ACCEPT_H
#define PORTER_GATEWAY_ACCEPT_H

#include "base/str.h"

#include <stdbool.h>

/* Does an Accept take application/json, by one of its ranges? */
bool accept_takes_json(struct str accept);

/* Does an Accept-Encoding take this coding, by name or else by "*"? */
bool accept_takes_coding(struct str accept, struct str coding);

#endif

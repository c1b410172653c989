/* Which URLs a webhook may have. The one judge: of what the API and porterctl
 * are given, and of what the dispatcher is about to call. (The address behind
 * the name is judged where it is connected to: services/dispatcher/guard.c.)
 * Pure. */
#ifndef PORTER_BASE_ENDPOINT_H
#define PORTER_BASE_ENDPOINT_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>

#define ENDPOINT_URL_MAX 2048

/* https, or http to a loopback host when is_development; a host; no user or
 * password; port 443 or one from 1024 on; at most ENDPOINT_URL_MAX bytes, all
 * printable ASCII. ERR_INVALID is a sentence that begins with "the URL" and
 * says what to do. */
MUST_USE bool endpoint_check(struct str url, bool is_development,
                             struct err *err);

#endif

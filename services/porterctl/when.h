/* A time as a person writes it. Pure. */
#ifndef PORTER_PORTERCTL_WHEN_H
#define PORTER_PORTERCTL_WHEN_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdint.h>

/* "30m", "24h", "90d" from now on, or a time of RFC 3339 that is ahead; at
 * most ten years. It is a whole millisecond, rounded up: what answers show of
 * a time is then all of it. ERR_INVALID says what may stand there. */
MUST_USE bool when_read(struct str text, int64_t now_us, int64_t *at_us,
                        struct err *err);

/* "30m", "24h", "90d" before now, or a time of RFC 3339 that is past. */
MUST_USE bool when_read_past(struct str text, int64_t now_us, int64_t *at_us);

#endif

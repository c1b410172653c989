/* Times as text: RFC 3339, always UTC with milliseconds when we write. Pure. */
#ifndef PORTER_BASE_RFC3339_H
#define PORTER_BASE_RFC3339_H

#include "base/macros.h"
#include "base/str.h"

#include <stdint.h>

#define RFC3339_LEN 24 /* "2026-03-01T09:30:00.000Z" */

/* Years 0000 to 9999. Writes RFC3339_LEN bytes and a NUL. */
void rfc3339_write(int64_t wall_us, char out[RFC3339_LEN + 1]);

/* Any offset, any number of fraction digits (kept to microseconds), 'T' or
 * 't', 'Z' or 'z'. False for what is no real date ("2026-02-30"), has no zone,
 * or is of the year 0000. Second 60 is read as the next minute's first. What
 * its offset moves out of the years 0001 to 9999 in UTC is their first or last
 * moment. */
MUST_USE bool rfc3339_read(struct str s, int64_t *wall_us);

#endif

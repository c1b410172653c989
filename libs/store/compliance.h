/* What a contractor's papers are worth at a moment: the one place that knows.
 *
 * Time itself changes an answer: an approval runs out, an insurance comes
 * within the warning. So status and compliance are never stored as such but
 * computed for each answer and each event. Pure. */
#ifndef PORTER_STORE_COMPLIANCE_H
#define PORTER_STORE_COMPLIANCE_H

#include "base/arena.h"
#include "base/clock.h"

#include "porter/v1/contractor.pb-c.h"

/* "Expiring": so long before the end. */
#define COMPLIANCE_WARNING_US (30LL * 86400 * US_PER_S)

/* Fill in `compliance` as of now, and turn an approval that has run out into
 * status expired. */
void contractor_assess(Porter__V1__Contractor *contractor, int64_t now_us,
                       struct arena *arena);

/* The moment of the last change, whether somebody made it (updated_at) or time
 * did: what an ETag is made from. Never over the later of now and updated_at.
 */
int64_t contractor_version_us(const Porter__V1__Contractor *contractor,
                              int64_t now_us);

#endif

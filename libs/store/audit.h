/* What people change of what has no audit of its own in its statements: a line
 * of the audit log in the change's transaction. */
#ifndef PORTER_STORE_AUDIT_H
#define PORTER_STORE_AUDIT_H

#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "db/db.h"
#include "store/cause.h"

struct audit_line {
    struct str action;
    struct str subject;
    struct str before; /* JSON objects; STR_NONE: null. */
    struct str after;
    struct str detail; /* STR_NONE: {} */
};

/* Write it with what the transaction does. */
MUST_USE bool audit_add(struct tx *tx, struct id org_id,
                        const struct audit_line *line, const struct author *by,
                        int64_t now_us, struct err *err);

#endif

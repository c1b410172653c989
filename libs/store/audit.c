/* A line of the audit log within a transaction. */
#include "store/audit.h"

#include "store_sql.h"

bool audit_add(struct tx *tx, struct id org_id, const struct audit_line *line,
               const struct author *by, int64_t now_us, struct err *err)
{
    return tx_run(tx, &sql_audit_add,
                  ARGS(ARG_UUID(org_id), ARG_UUID(id_new()), ARG_TIME(now_us),
                       ARG_TEXT(by->actor), ARG_TEXT(line->action),
                       ARG_TEXT(line->subject), ARG_JSON(line->before),
                       ARG_JSON(line->after), ARG_JSON(line->detail),
                       ARG_TEXT(by->request_id), ARG_TEXT(by->address)),
                  NULL, err);
}

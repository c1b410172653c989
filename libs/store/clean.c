/* What every table that is cleaned by age has in common. */
#include "clean.h"

bool clean_rows(struct db *db, const struct sql *what, int64_t before_us,
                int64_t max, int64_t *removed, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!db_run(db, what, ARGS(ARG_TIME(before_us), ARG_INT(max)), &rows,
                err)) {
        return false;
    }
    *removed = db_changed(rows);
    db_rows_free(rows);
    return true;
}

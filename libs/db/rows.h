/* Making rows of what libpq returned. */
#ifndef PORTER_DB_ROWS_H
#define PORTER_DB_ROWS_H

#include "db/db.h"

#include <libpq-fe.h>

/* Takes the result. */
struct db_rows *rows_of(PGresult *result);

#endif

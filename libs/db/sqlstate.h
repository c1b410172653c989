/* What PostgreSQL's five-character error codes mean to us. Pure. */
#ifndef PORTER_DB_SQLSTATE_H
#define PORTER_DB_SQLSTATE_H

#include "base/err.h"

#include <stdbool.h>

/* NULL (no code: the connection failed) is ERR_UNAVAILABLE. */
enum err_code sqlstate_code(const char *state);

/* Must the connection be made anew? True when its prepared statements no
 * longer fit the schema, or the server is ending it. */
bool sqlstate_ends_connection(const char *state);

#endif

/* The statements that one connection has prepared, by their address. */
#ifndef PORTER_DB_STATEMENT_H
#define PORTER_DB_STATEMENT_H

#include "db/db.h"

#include <libpq-fe.h>

/* More than all .sql files hold together; over it is a programmer's error. */
#define STATEMENTS_MAX 384

struct statements;

struct statements *statements_new(void);
void statements_free(struct statements *s); /* Accepts NULL. */

/* The parameter types the server inferred; NULL: not prepared. */
const Oid *statements_find(const struct statements *s, const struct sql *sql);

/* Remember a prepared statement; types are copied. */
void statements_add(struct statements *s, const struct sql *sql,
                    const Oid *types);

#endif

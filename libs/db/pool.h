/* The pool as the rest of libs/db sees it: taking a whole connection. */
#ifndef PORTER_DB_POOL_H
#define PORTER_DB_POOL_H

#include "db/connection.h"

struct slot;

/* Wait for a connection of one's own; give it back in any state. */
MUST_USE bool pool_take(struct db *db, struct slot **out, struct err *err);
void pool_give(struct db *db, struct slot *slot);
struct connection *pool_connection(struct slot *slot);

#endif

/* Arguments as the binary parameters of a prepared statement. */
#ifndef PORTER_DB_ARGS_H
#define PORTER_DB_ARGS_H

#include "base/buf.h"
#include "db/db.h"

#include <libpq-fe.h>

#define DB_PARAMS_MAX 64

/* What PQsendQueryPrepared takes. Text, bytes and uuids point at the caller's
 * memory, the rest into `bytes`: valid until the next params_encode. */
struct db_params {
    struct buf bytes;
    int count;
    const char *values[DB_PARAMS_MAX];
    int lengths[DB_PARAMS_MAX];
    int formats[DB_PARAMS_MAX];
};

/* Encode for the types that the server inferred: an int goes as int2, int4 or
 * int8, text as text or jsonb. ERR_INVALID: a value does not fit its type;
 * ERR_INTERNAL: the kind does not. */
MUST_USE bool params_encode(struct db_params *p, const struct sql *sql,
                            const struct db_arg *args, const Oid *types,
                            struct err *err);
void params_done(struct db_params *p);

#endif

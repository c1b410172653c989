/* The one table of SQLSTATEs. A longer prefix stands before a shorter one. */
#include "db/sqlstate.h"

#include <string.h>

struct meaning {
    const char *prefix;
    enum err_code code;
    bool ends_connection;
};

/* clang-format off */
static const struct meaning meanings[] = {
    {"08",    ERR_UNAVAILABLE, true},  /* connection exception */
    {"0A000", ERR_UNAVAILABLE, true},  /* cached plan no longer fits the table */
    {"22",    ERR_INVALID,     false}, /* bad value */
    {"23505", ERR_CONFLICT,    false}, /* unique */
    {"23P01", ERR_CONFLICT,    false}, /* exclusion */
    {"23",    ERR_INVALID,     false}, /* check, foreign key, not null */
    {"25006", ERR_UNAVAILABLE, true},  /* read only: a standby now */
    {"25P03", ERR_UNAVAILABLE, true},  /* idle in transaction too long */
    {"26000", ERR_UNAVAILABLE, true},  /* prepared statement is gone */
    {"28",    ERR_UNAVAILABLE, true},  /* not let in */
    {"40",    ERR_CONFLICT,    false}, /* serialization, deadlock */
    {"53",    ERR_UNAVAILABLE, false}, /* connections, memory, disk */
    {"55006", ERR_CONFLICT,    false}, /* object in use */
    {"55P03", ERR_CONFLICT,    false}, /* lock not available */
    {"57014", ERR_UNAVAILABLE, false}, /* cancelled: statement_timeout */
    {"57P",   ERR_UNAVAILABLE, true},  /* shutting down, starting up */
    {"58",    ERR_UNAVAILABLE, false}, /* the server's system */
};
/* clang-format on */

static const struct meaning *find(const char *state)
{
    for (size_t i = 0; i < COUNT_OF(meanings); i++) {
        if (strncmp(state, meanings[i].prefix, strlen(meanings[i].prefix)) ==
            0) {
            return &meanings[i];
        }
    }
    return NULL;
}

enum err_code sqlstate_code(const char *state)
{
    const struct meaning *m = NULL;

    if (state == NULL) {
        return ERR_UNAVAILABLE;
    }
    m = find(state);
    return m == NULL ? ERR_INTERNAL : m->code;
}

bool sqlstate_ends_connection(const char *state)
{
    const struct meaning *m = state == NULL ? NULL : find(state);

    return m != NULL && m->ends_connection;
}

/* What each role may: scopes of the API and rights beyond them. Pure. */
#ifndef PORTER_GATEWAY_DASHBOARD_ROLE_H
#define PORTER_GATEWAY_DASHBOARD_ROLE_H

#include "store/person.h"

/* Beyond the scopes of keys, and beside them in an operation's `scope`. */
enum right {
    RIGHT_KEYS = 1 << 16,
    RIGHT_PEOPLE = 1 << 17,
    RIGHT_AUDIT = 1 << 18,
    RIGHT_WEBHOOK_SECRETS = 1 << 19,
    RIGHT_ALL = (1 << 20) - (1 << 16),
};

/* Bits of enum key_scope and enum right. */
unsigned role_rights(enum role role);

/* May one of this role give, take or change that role? Only owners make or
 * change owners. */
bool role_may_give(enum role mine, enum role given);

#endif

/* Each role has what the one before has. */
#include "gateway/dashboard/role.h"

#include "store/key.h"

#define READS                                                                  \
    (SCOPE_VISITORS_READ | SCOPE_LOCATIONS_READ | SCOPE_CONTRACTORS_READ |     \
     SCOPE_EVACUATIONS_READ | SCOPE_EVENTS_READ | SCOPE_WEBHOOKS_READ)
#define DESK_WRITES                                                            \
    (SCOPE_VISITORS_WRITE | SCOPE_CONTRACTORS_WRITE | SCOPE_EVACUATIONS_WRITE)

unsigned role_rights(enum role role)
{
    unsigned rights = READS;

    if (role >= ROLE_FRONT_DESK) {
        rights |= DESK_WRITES;
    }
    if (role >= ROLE_ADMIN) {
        rights |= (unsigned)SCOPE_ALL | (unsigned)RIGHT_ALL;
    }
    return rights;
}

bool role_may_give(enum role mine, enum role given)
{
    return mine == ROLE_OWNER || (mine == ROLE_ADMIN && given != ROLE_OWNER);
}

/* Road step 10, before its first byte. */
#include "dispatcher/preflight.h"

#include <stdio.h>

#define REASON_MAX 130 /* Of a fetch_answer's detail. */

bool preflight(const struct guard *guard, const struct job *j, int64_t now_us,
               struct fetch_answer *refused)
{
    const struct webhook_target *t = j->target;
    struct fetch_answer a = {.retry_after_s = -1};
    struct err why = ERR_NONE;

    if (!guard_url(guard, t->url, &why)) {
        a.failure = FETCH_REFUSED_ADDRESS;
        (void)snprintf(a.detail, sizeof a.detail,
                       "The webhook is not called: %.*s.", REASON_MAX,
                       why.text);
    } else if (t->client_pem.len > 0 && t->client_expires_us <= now_us) {
        a.failure = FETCH_CLIENT_EXPIRED;
        (void)snprintf(a.detail, sizeof a.detail,
                       "The webhook is not called: its client certificate has "
                       "expired.");
    } else {
        return true;
    }
    *refused = a;
    return false;
}

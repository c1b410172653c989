/* May a webhook have this URL: what saving it and the dashboard's verdict ask
 * alike. It waits for the name's addresses (PORTER_WEBHOOK_NAME_WAIT), so it is
 * asked before any transaction. */
#ifndef PORTER_GATEWAY_RESOURCES_WEBHOOK_URL_H
#define PORTER_GATEWAY_RESOURCES_WEBHOOK_URL_H

#include "gateway/call.h"

enum url_verdict {
    URL_FINE,
    URL_NOWHERE, /* Fine, but its name has no address now. */
    URL_BAD_FORM,
    URL_BAD_SCHEME,
    URL_BAD_ADDRESS, /* A literal one, or all that its name has. */
};

struct url_judged {
    enum url_verdict verdict;
    struct err why; /* A sentence, when the URL is bad. */
};

MUST_USE struct url_judged webhook_url_judge(const struct call *call,
                                             struct str url);

/* An operation's `before`: call->url is of the body's `url`; NULL when there is
 * none, or no body that can be read, which the handler tells. True. */
bool webhook_url_before(struct call *call, struct err *err);

#endif

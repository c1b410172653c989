/* May a webhook have this URL: what saving it and the dashboard's verdict ask
 * alike. */
#ifndef PORTER_GATEWAY_RESOURCES_WEBHOOK_URL_H
#define PORTER_GATEWAY_RESOURCES_WEBHOOK_URL_H

#include "gateway/gateway.h"

enum url_verdict {
    URL_FINE,
    URL_NOWHERE, /* Fine, but its name has no address now. */
    URL_BAD_FORM,
    URL_BAD_SCHEME,
    URL_BAD_ADDRESS, /* A literal one, or all that its name has. */
};

/* Waits for the name's addresses (PORTER_WEBHOOK_NAME_WAIT). `why` is a
 * sentence when the URL is bad. */
MUST_USE enum url_verdict webhook_url_judge(const struct gateway *g,
                                            struct str url, struct err *why);

#endif

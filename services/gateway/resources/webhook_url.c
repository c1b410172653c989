/* The judges of libs/guard, one after the other. */
#include "gateway/resources/webhook_url.h"

#include "guard/name.h"

enum url_verdict webhook_url_judge(const struct gateway *g, struct str url,
                                   struct err *why)
{
    static const enum url_verdict of_name[] = {
        [NAME_FINE] = URL_FINE,
        [NAME_UNKNOWN] = URL_NOWHERE,
        [NAME_REFUSED] = URL_BAD_ADDRESS,
    };

    if (!guard_form(url, why)) {
        return URL_BAD_FORM;
    }
    if (!guard_url(&g->guard, url, why)) {
        return why->code == ERR_FORBIDDEN ? URL_BAD_ADDRESS : URL_BAD_SCHEME;
    }
    return of_name[guard_name(&g->guard, url,
                              (unsigned)g->settings.webhook_name_wait_ms, why)];
}

/* The judges of libs/guard, one after the other. */
#include "gateway/resources/webhook_url.h"

#include "gateway/gateway.h"
#include "guard/name.h"
#include "json/json.h"

/* Behind a proxy other names lead elsewhere than here. */
static unsigned wait_of(const struct gateway_settings *s)
{
    return s->egress_proxy[0] == '\0' ? (unsigned)s->webhook_name_wait_ms : 0;
}

struct url_judged webhook_url_judge(const struct call *call, struct str url)
{
    static const enum url_verdict of_name[] = {
        [NAME_FINE] = URL_FINE,
        [NAME_UNKNOWN] = URL_NOWHERE,
        [NAME_REFUSED] = URL_BAD_ADDRESS,
    };
    const struct gateway *g = call->gateway;
    struct url_judged found = {.why = ERR_NONE};

    if (!guard_form(url, &found.why)) {
        found.verdict = URL_BAD_FORM;
    } else if (!guard_url(&g->guard, url, &found.why)) {
        found.verdict =
            found.why.code == ERR_FORBIDDEN ? URL_BAD_ADDRESS : URL_BAD_SCHEME;
    } else {
        found.verdict = of_name[guard_name(&g->guard, url, call_org(call),
                                           wait_of(&g->settings), &found.why)];
    }
    return found;
}

bool webhook_url_before(struct call *call, struct err *err)
{
    struct err ignored = ERR_NONE;
    struct json *body = NULL;

    (void)err;
    if (!json_read(call->request->body, &body, &ignored)) {
        return true;
    }
    const struct json *url =
        json_type(body) == JSON_OBJECT ? json_find(body, "url") : NULL;
    if (url != NULL && json_type(url) == JSON_TEXT) {
        struct url_judged *judged = arena_zero(call->arena, 1, sizeof *judged);

        *judged = webhook_url_judge(call, json_text(url));
        call->url = judged;
    }
    json_free(body);
    return true;
}

/* Any bytes as a path: at most one row, and its values are segments. */
#include "web/router.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct route routes[] = {
    {WEB_GET, "/a", NULL},         {WEB_POST, "/a/b", NULL},
    {WEB_GET, "/a/{x}", NULL},     {WEB_POST, "/a/{x}/b", NULL},
    {WEB_GET, "/a/{x}/{y}", NULL}, {WEB_GET, "/{x}/b/{y}/c", NULL},
    {WEB_GET, "/", NULL},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct router *router;
    struct str path = {(const char *)data, size};

    if (router == NULL) {
        router = router_new(routes, COUNT_OF(routes));
    }
    for (int method = WEB_GET; method <= WEB_OTHER; method++) {
        struct route_match m =
            router_find(router, (enum web_method)method, path);
        if (m.route != NULL && (m.allowed & (1U << method)) == 0) {
            abort();
        }
        for (size_t i = 0; i < m.value_count; i++) {
            if (m.values[i].len == 0 || str_has(m.values[i], '/')) {
                abort();
            }
        }
    }
    return 0;
}

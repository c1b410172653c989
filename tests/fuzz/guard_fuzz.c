/* Any bytes as a webhook's URL: read or refused with a sentence; and what was
 * read is what libcurl will be asked for, with nothing else in its host. */
#include "guard/guard.h"
#include "guard/url.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct str text, const struct url *u)
{
    struct address a = {0};

    if (u->host.len == 0 || u->host.data < text.data ||
        u->host.data + u->host.len > text.data + text.len || u->port > 65535) {
        abort();
    }
    for (size_t i = 0; i < u->host.len; i++) {
        if (str_has(STR("@/?#%\\ "), u->host.data[i]) ||
            (unsigned char)u->host.data[i] <= ' ' ||
            (unsigned char)u->host.data[i] >= 0x7F ||
            (!u->is_address && str_has(STR(":[]"), u->host.data[i]))) {
            abort();
        }
    }
    /* Every name that could be read as an address is one. */
    if (u->is_address != address_read(u->host, &a)) {
        abort();
    }
}

/* Who is refused with everything allowed is refused with nothing allowed. */
static void check_verdicts(struct str text)
{
    static struct guard strict, loose;
    struct err err = ERR_NONE;
    bool form = guard_form(text, &err);

    if (!guard_read(STR("0.0.0.0/0,::/0"), true, &loose, &err)) {
        abort();
    }
    bool by_loose = guard_url(&loose, text, &err);
    bool by_strict = guard_url(&strict, text, &err);
    if ((by_loose && !form) || (by_strict && !by_loose)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct url u = {0};
    struct err err = ERR_NONE;

    if (url_read(text, &u, &err)) {
        check(text, &u);
    } else if (err.code != ERR_INVALID ||
               !str_starts(str_of(err.text), STR("the URL"))) {
        abort();
    }
    check_verdicts(text);
    return 0;
}

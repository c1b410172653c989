/* Pairs between semicolons; no list inside, no escapes. */
#include "web/cookie.h"

static struct str unquoted(struct str s)
{
    if (s.len >= 2 && s.data[0] == '"' && s.data[s.len - 1] == '"') {
        return (struct str){s.data + 1, s.len - 2};
    }
    return s;
}

size_t cookie_read(struct str header, struct str name, struct str *value)
{
    struct str pair = STR_NONE;
    struct str key = STR_NONE;
    size_t count = 0;

    while (str_split(&header, ';', &pair)) {
        if (!str_has(pair, '=') || !str_split(&pair, '=', &key) ||
            !str_eq(str_trim(key), name)) {
            continue;
        }
        if (count == 0) {
            *value = unquoted(str_trim(pair));
        }
        count++;
    }
    return count;
}

size_t cookie_find(const struct web_request *r, struct str name,
                   struct str *value)
{
    size_t count = 0;

    for (size_t i = 0; i < r->header_count; i++) {
        struct str one = STR_NONE;

        if (!str_eq_ci(r->headers[i].name, STR("Cookie"))) {
            continue;
        }
        size_t here = cookie_read(r->headers[i].value, name, &one);
        if (count == 0 && here > 0) {
            *value = one;
        }
        count += here;
    }
    return count;
}

/* Every fault is told at once, as all of a configuration's are. */
#include "guard/address_list.h"

#include "base/buf.h"

bool address_list_read(struct str text, struct address_list *out,
                       struct err *err)
{
    struct address_list list = {0};
    struct str part = STR_NONE;
    struct buf bad = BUF_EMPTY;
    bool ok = false;

    while (str_split(&text, ',', &part)) {
        part = str_trim(part);
        if (list.count == ADDRESS_LIST_MAX) {
            (void)err_set(err, ERR_INVALID, "more than %d ranges",
                          ADDRESS_LIST_MAX);
            goto out;
        }
        if (address_range_read(part, &list.ranges[list.count])) {
            list.count++;
        } else {
            buf_addf(&bad, "%s\"%.*s\"", bad.len == 0 ? "" : ", ",
                     STR_ARGS(part));
        }
    }
    if (bad.len > 0) {
        (void)err_set(err, ERR_INVALID,
                      "%s is not a range such as 10.0.0.0/8 or fd00::/8; a "
                      "single address is 192.0.2.1/32",
                      buf_cstr(&bad));
        goto out;
    }
    *out = list;
    ok = true;

out:
    buf_free(&bad);
    return ok;
}

bool address_list_has(const struct address_list *list, const struct address *a)
{
    for (size_t i = 0; i < list->count; i++) {
        if (address_is_in(a, &list->ranges[i])) {
            return true;
        }
    }
    return false;
}

/* Does it hold all of v4, or the Internet of v6? */
static bool is_everybody(const struct address_range *r)
{
    static const struct address_range worlds[] = {
        {{.bytes = {[10] = 0xFF, [11] = 0xFF}}, 96},
        {{.bytes = {0x20}}, 3},
    };

    for (size_t i = 0; i < COUNT_OF(worlds); i++) {
        if (r->bits <= worlds[i].bits && address_is_in(&worlds[i].first, r)) {
            return true;
        }
    }
    return false;
}

bool address_list_read_proxies(struct str text, struct address_list *out,
                               struct err *err)
{
    struct address_list list = {0};
    struct str part = STR_NONE;

    if (!address_list_read(text, &list, err)) {
        return false;
    }
    for (size_t i = 0; i < list.count && str_split(&text, ',', &part); i++) {
        if (is_everybody(&list.ranges[i])) {
            part = str_trim(part);
            return err_set(err, ERR_INVALID,
                           "\"%.*s\" is everybody, who could then call under "
                           "any address; name the networks of your proxies",
                           STR_ARGS(part));
        }
    }
    *out = list;
    return true;
}

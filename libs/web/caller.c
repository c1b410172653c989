/* A list that is read from its end, one hop after the other. */
#include "web/caller.h"

#include <string.h>

#define PORT_MAX 65535

/* --- the list ------------------------------------------------------------- */

struct forwarded {
    const struct web_request *req;
    size_t lines; /* Headers that are still to be looked at, from the first. */
    struct str rest; /* Of the line, what is left of the element taken last. */
    bool has_rest;
};

/* The element before the one that was taken last. */
static bool take(struct forwarded *f, struct str *out)
{
    size_t at = 0;

    while (!f->has_rest) {
        if (f->lines == 0) {
            return false;
        }
        const struct web_header *h = &f->req->headers[--f->lines];
        f->has_rest = str_eq_ci(h->name, STR("X-Forwarded-For"));
        f->rest = h->value;
    }
    at = f->rest.len;
    while (at > 0 && f->rest.data[at - 1] != ',') {
        at--;
    }
    *out = str_trim((struct str){f->rest.data + at, f->rest.len - at});
    f->has_rest = at > 0;
    f->rest.len = at > 0 ? at - 1 : 0;
    return true;
}

/* Nothing, or ":443". */
static bool is_port(struct str text)
{
    uint64_t port = 0;

    return text.len == 0 ||
           (text.data[0] == ':' &&
            str_to_u64((struct str){text.data + 1, text.len - 1}, PORT_MAX,
                       &port));
}

/* "[2001:db8::1]", "[2001:db8::1]:443" */
static bool read_bracketed(struct str text, struct address *out)
{
    const char *end = memchr(text.data, ']', text.len);
    size_t len = end == NULL ? 0 : (size_t)(end - text.data);

    return end != NULL && is_port((struct str){end + 1, text.len - len - 1}) &&
           memchr(text.data, ':', len) != NULL &&
           address_read((struct str){text.data + 1, len - 1}, out);
}

/* "192.0.2.1", "192.0.2.1:443", "2001:db8::1", or in brackets. */
static bool read_element(struct str text, struct address *out)
{
    struct str host = text;
    struct str port = STR_NONE;
    const char *colon = NULL;

    if (text.len == 0 || text.data[0] == '[') {
        return text.len > 0 && read_bracketed(text, out);
    }
    colon = memchr(text.data, ':', text.len);
    if (colon != NULL) {
        size_t len = (size_t)(colon - text.data);

        port = (struct str){colon, text.len - len};
        if (memchr(colon + 1, ':', port.len - 1) != NULL) {
            return address_read(text, out);
        }
        host.len = len;
    }
    return is_port(port) && address_read(host, out);
}

/* --- the caller ----------------------------------------------------------- */

struct str caller_address(const struct web_request *req,
                          const struct address_list *proxies)
{
    struct forwarded list = {.req = req, .lines = req->header_count};
    struct str element = STR_NONE;
    struct address known = {0};
    struct address next = {0};
    unsigned hops = 0;
    char *text = NULL;

    if (proxies == NULL || proxies->count == 0 ||
        !address_read(req->peer, &known)) {
        return req->peer;
    }
    while (hops < CALLER_HOPS_MAX && address_list_has(proxies, &known) &&
           take(&list, &element) && read_element(element, &next)) {
        known = next;
        hops++;
    }
    if (hops == 0) {
        return req->peer;
    }
    text = arena_take(req->arena, ADDRESS_TEXT_MAX);
    address_write(&known, text);
    return str_of(text);
}

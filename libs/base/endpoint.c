/* A URL is taken apart by hand, and strictly: what another parser might read
 * in a second way (backslashes, userinfo, odd brackets) is refused. */
#include "base/endpoint.h"

#include "base/codec.h"

#include <arpa/inet.h>
#include <string.h>

#define PORT_HTTPS 443
#define PORT_HTTP 80
#define PORT_FREE 1024 /* From here on any port will do. */
#define PORT_MAX 65535
#define HOST_MAX 255

struct endpoint {
    bool is_http;
    struct str host; /* Without brackets. */
    bool is_v6;
    uint64_t port;
};

/* What RFC 3986 has in a URL without a fragment; of a percent sign the whole
 * escape. */
static bool is_url_character(struct str url, size_t i)
{
    char c = url.data[i];

    if (c == '%') {
        return percent_byte(url, i) >= 0;
    }
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || str_has(STR("-._~:/?@!$&'()*+,;=[]"), c);
}

static bool check_characters(struct str url, struct err *err)
{
    if (url.len > ENDPOINT_URL_MAX) {
        return err_set(err, ERR_INVALID, "the URL is longer than %d bytes",
                       ENDPOINT_URL_MAX);
    }
    for (size_t i = 0; i < url.len; i++) {
        if (!is_url_character(url, i)) {
            return err_set(err, ERR_INVALID,
                           "the URL has a blank, a fragment or a character "
                           "that must be percent-encoded");
        }
    }
    return true;
}

static bool take_scheme(struct str *url, struct endpoint *e, struct err *err)
{
    static const struct str https = {"https://", 8};
    static const struct str http = {"http://", 7};
    const struct str *scheme = NULL;

    if (url->len >= https.len &&
        str_eq_ci((struct str){url->data, https.len}, https)) {
        scheme = &https;
    } else if (url->len >= http.len &&
               str_eq_ci((struct str){url->data, http.len}, http)) {
        scheme = &http;
    } else {
        return err_set(err, ERR_INVALID, "the URL must begin with https://");
    }
    e->is_http = scheme == &http;
    e->port = e->is_http ? PORT_HTTP : PORT_HTTPS;
    url->data += scheme->len;
    url->len -= scheme->len;
    return true;
}

static bool is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool to_cstr(struct str s, char out[HOST_MAX + 1])
{
    if (s.len == 0 || s.len > HOST_MAX) {
        return false;
    }
    memcpy(out, s.data, s.len);
    out[s.len] = '\0';
    return true;
}

/* [v6]; what follows the bracket is left in *rest. */
static bool take_v6(struct str *rest, struct endpoint *e)
{
    const char *end = memchr(rest->data, ']', rest->len);
    char text[HOST_MAX + 1];
    struct in6_addr address;

    if (end == NULL) {
        return false;
    }
    e->is_v6 = true;
    e->host = (struct str){rest->data + 1, (size_t)(end - rest->data) - 1};
    rest->len -= e->host.len + 2;
    rest->data = end + 1;
    return to_cstr(e->host, text) && inet_pton(AF_INET6, text, &address) == 1;
}

static bool take_name(struct str *rest, struct endpoint *e)
{
    e->host = (struct str){rest->data, 0};
    while (e->host.len < rest->len &&
           is_host_character(rest->data[e->host.len])) {
        e->host.len++;
    }
    rest->data += e->host.len;
    rest->len -= e->host.len;
    return e->host.len > 0 && e->host.len <= HOST_MAX &&
           e->host.data[0] != '.' && e->host.data[0] != '-';
}

static bool take_port(struct str rest, struct endpoint *e, struct err *err)
{
    if (rest.len == 0) {
        return true;
    }
    if (rest.data[0] != ':') {
        return err_set(err, ERR_INVALID, "the URL names no host");
    }
    if (!str_to_u64((struct str){rest.data + 1, rest.len - 1}, PORT_MAX,
                    &e->port)) {
        return err_set(err, ERR_INVALID, "the URL's port is no port");
    }
    return true;
}

static bool endpoint_read(struct str url, struct endpoint *e, struct err *err)
{
    struct str rest = STR_NONE;

    if (!take_scheme(&url, e, err)) {
        return false;
    }
    rest = (struct str){url.data, 0};
    while (rest.len < url.len && !str_has(STR("/?"), url.data[rest.len])) {
        rest.len++;
    }
    if (str_has(rest, '@')) {
        return err_set(err, ERR_INVALID,
                       "the URL must not hold a user or password");
    }
    url.data += rest.len;
    url.len -= rest.len;
    if (str_has(url, '[') || str_has(url, ']')) { /* A host's alone. */
        return err_set(err, ERR_INVALID,
                       "the URL has brackets that must be percent-encoded");
    }
    if (rest.len == 0 ||
        !(rest.data[0] == '[' ? take_v6(&rest, e) : take_name(&rest, e))) {
        return err_set(err, ERR_INVALID, "the URL names no host");
    }
    return take_port(rest, e, err);
}

/* By its spelling alone: a name that merely resolves to loopback is not. */
static bool is_loopback(const struct endpoint *e)
{
    char text[HOST_MAX + 1];
    struct in_addr v4;
    struct in6_addr v6;

    if (!to_cstr(e->host, text)) {
        return false;
    }
    if (e->is_v6) {
        return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    }
    return str_eq_ci(e->host, STR("localhost")) ||
           (inet_pton(AF_INET, text, &v4) == 1 &&
            (ntohl(v4.s_addr) >> 24) == 127);
}

bool endpoint_check(struct str url, bool is_development, struct err *err)
{
    struct endpoint e = {0};

    if (!check_characters(url, err) || !endpoint_read(url, &e, err)) {
        return false;
    }
    if (e.is_http && !is_development) {
        return err_set(err, ERR_INVALID, "the URL must begin with https://");
    }
    if (e.is_http && !is_loopback(&e)) {
        return err_set(err, ERR_INVALID,
                       "the URL must begin with https://; in development "
                       "http:// may lead to localhost, 127.0.0.0/8 and [::1]");
    }
    if (e.port != PORT_HTTPS && e.port < PORT_FREE) {
        return err_set(err, ERR_INVALID,
                       "the URL's port must be 443, 8443 or another from %d on",
                       PORT_FREE);
    }
    return true;
}

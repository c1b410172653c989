/* A URL is taken apart by hand, and strictly: what another parser might read
 * in a second way (backslashes, userinfo, odd brackets, an address that looks
 * like a name) is refused. What is left means the same to libcurl. */
#include "guard/url.h"

#include "guard/guard.h"

#include "base/codec.h"

#include <string.h>

#define PORT_HTTPS 443
#define PORT_HTTP 80
#define PORT_MAX 65535
#define HOST_MAX 255
#define V4_PARTS 4

/* --- characters -----------------------------------------------------------
 */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What RFC 3986 has behind a host, without a fragment; of a percent sign the
 * whole escape. Brackets are a host's alone. */
static bool is_path_character(struct str url, size_t i)
{
    char c = url.data[i];

    if (c == '%') {
        return percent_byte(url, i) >= 0;
    }
    return is_letter(c) || is_digit(c) ||
           str_has(STR("-._~:/?@!$&'()*+,;="), c);
}

static bool check_path(struct str path, struct err *err)
{
    for (size_t i = 0; i < path.len; i++) {
        if (!is_path_character(path, i)) {
            return err_set(err, ERR_INVALID,
                           "the URL has a blank, a fragment or a character "
                           "that must be percent-encoded");
        }
    }
    return true;
}

static bool is_host_character(char c)
{
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
}

/* --- addresses that look like names ---------------------------------------
 */

static bool read_digits(struct str s, unsigned base, uint64_t *out)
{
    uint64_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        unsigned digit = is_digit(c)    ? (unsigned)(c - '0')
                         : is_letter(c) ? (unsigned)((c | 0x20) - 'a') + 10
                                        : base;
        if (digit >= base || n > UINT32_MAX) {
            return false;
        }
        n = n * base + digit;
    }
    *out = n;
    return n <= UINT32_MAX;
}

/* As strtoul with base 0: 0x… is hexadecimal, 0… octal. */
static bool read_number(struct str s, uint64_t *out)
{
    if (s.len > 1 && s.data[0] == '0' && (s.data[1] | 0x20) == 'x') {
        return read_digits((struct str){s.data + 2, s.len - 2}, 16, out);
    }
    if (s.len > 1 && s.data[0] == '0') {
        return read_digits((struct str){s.data + 1, s.len - 1}, 8, out);
    }
    return s.len > 0 && read_digits(s, 10, out);
}

/* inet_aton's forms: one to four numbers, the last of which fills the rest.
 * libcurl takes them all for addresses. */
static bool read_numbers(struct str host, struct address *out)
{
    struct str part = STR_NONE;
    uint64_t whole = 0;
    uint64_t n = 0;
    unsigned count = 0;

    while (str_split(&host, '.', &part)) {
        if (count == V4_PARTS || !read_number(part, &n)) {
            return false;
        }
        count++;
        bool is_last = host.len == 0;
        unsigned bits = is_last ? 8 * (V4_PARTS + 1 - count) : 8;
        if (n >= 1ULL << bits) {
            return false;
        }
        whole = whole << bits | n;
    }
    *out = (struct address){.bytes = {[10] = 0xFF, [11] = 0xFF}};
    for (size_t i = 0; i < V4_PARTS; i++) {
        out->bytes[12 + i] = (uint8_t)(whole >> (24 - 8 * i));
    }
    return count > 0;
}

static bool refuse_spelling(const struct address *a, struct err *err)
{
    char text[ADDRESS_TEXT_MAX];

    address_write(a, text);
    return err_set(err, ERR_INVALID, "the URL's address must be written as %s",
                   text);
}

/* --- the parts ------------------------------------------------------------
 */

static bool take_scheme(struct str *rest, struct url *u, struct err *err)
{
    static const struct str https = {"https://", 8};
    static const struct str http = {"http://", 7};
    const struct str *scheme = NULL;

    if (rest->len >= https.len &&
        str_eq_ci((struct str){rest->data, https.len}, https)) {
        scheme = &https;
    } else if (rest->len >= http.len &&
               str_eq_ci((struct str){rest->data, http.len}, http)) {
        scheme = &http;
    } else {
        return err_set(err, ERR_INVALID, "the URL must begin with https://");
    }
    u->is_http = scheme == &http;
    u->port = u->is_http ? PORT_HTTP : PORT_HTTPS;
    rest->data += scheme->len;
    rest->len -= scheme->len;
    return true;
}

/* What stands before the path or the query, which *rest keeps. */
static struct str take_authority(struct str *rest)
{
    struct str a = {rest->data, 0};

    while (a.len < rest->len && !str_has(STR("/?"), rest->data[a.len])) {
        a.len++;
    }
    rest->data += a.len;
    rest->len -= a.len;
    return a;
}

/* [v6]; what follows the bracket is left in *rest. */
static bool take_v6(struct str *rest, struct url *u, struct err *err)
{
    const char *end = memchr(rest->data, ']', rest->len);

    if (end != NULL) {
        u->host = (struct str){rest->data + 1, (size_t)(end - rest->data) - 1};
        rest->len -= u->host.len + 2;
        rest->data = end + 1;
    }
    if (end == NULL || !str_has(u->host, ':') ||
        !address_read(u->host, &u->address)) {
        return err_set(err, ERR_INVALID,
                       "the URL's brackets must hold an IPv6 address without "
                       "a zone");
    }
    u->is_address = true;
    if (address_is_v4(&u->address)) { /* A mapped one. */
        return refuse_spelling(&u->address, err);
    }
    return !str_has(u->host, '.') ||
           err_set(err, ERR_INVALID,
                   "the URL's IPv6 address must be written without dots");
}

static struct str last_label(struct str host)
{
    size_t at = host.len;

    while (at > 0 && host.data[at - 1] != '.') {
        at--;
    }
    return (struct str){host.data + at, host.len - at};
}

/* A name's last label begins with a letter (or _), as all top-level domains
 * do; anything else is an address or nothing. */
static bool read_host(struct url *u, bool had_dot, struct err *err)
{
    struct str label = last_label(u->host);
    struct address a = {0};

    if (label.len > 0 && (is_letter(label.data[0]) || label.data[0] == '_')) {
        return true;
    }
    if (!had_dot && address_read(u->host, &a)) {
        u->is_address = true;
        u->address = a;
        return true;
    }
    if (read_numbers(u->host, &a)) {
        return refuse_spelling(&a, err);
    }
    return err_set(err, ERR_INVALID,
                   "the URL's host is neither a name nor an address");
}

static bool take_name(struct str *rest, struct url *u, struct err *err)
{
    bool had_dot = false;

    u->host = (struct str){rest->data, 0};
    while (u->host.len < rest->len &&
           is_host_character(rest->data[u->host.len])) {
        u->host.len++;
    }
    rest->data += u->host.len;
    rest->len -= u->host.len;
    if (rest->len > 0 && rest->data[0] != ':') {
        return err_set(err, ERR_INVALID,
                       "the URL's host has a character that no host name has; "
                       "an international name is written as xn--...");
    }
    if (u->host.len > 1 && u->host.data[u->host.len - 1] == '.') {
        had_dot = true;
        u->host.len--;
    }
    if (u->host.len == 0 || u->host.len > HOST_MAX || u->host.data[0] == '.' ||
        u->host.data[0] == '-') {
        return err_set(err, ERR_INVALID, "the URL names no host");
    }
    return read_host(u, had_dot, err);
}

static bool take_port(struct str rest, struct url *u, struct err *err)
{
    if (rest.len == 0) {
        return true;
    }
    if (rest.data[0] != ':') {
        return err_set(err, ERR_INVALID, "the URL names no host");
    }
    if (!str_to_u64((struct str){rest.data + 1, rest.len - 1}, PORT_MAX,
                    &u->port)) {
        return err_set(err, ERR_INVALID, "the URL's port is no port");
    }
    return true;
}

bool url_read(struct str text, struct url *out, struct err *err)
{
    struct url u = {0};
    struct str rest = text;

    if (text.len > GUARD_URL_MAX) {
        return err_set(err, ERR_INVALID, "the URL is longer than %d bytes",
                       GUARD_URL_MAX);
    }
    if (!take_scheme(&rest, &u, err)) {
        return false;
    }
    struct str authority = take_authority(&rest);
    if (str_has(authority, '@')) {
        return err_set(err, ERR_INVALID,
                       "the URL must not hold a user or password: for basic "
                       "authentication give the webhook an Authorization "
                       "header (headers)");
    }
    bool is_v6 = authority.len > 0 && authority.data[0] == '[';
    if (!(is_v6 ? take_v6(&authority, &u, err)
                : take_name(&authority, &u, err)) ||
        !take_port(authority, &u, err) || !check_path(rest, err)) {
        return false;
    }
    *out = u;
    return true;
}

bool url_is_localhost(const struct url *u)
{
    static const struct str name = {"localhost", 9};
    struct str last = last_label(u->host);

    return !u->is_address && str_eq_ci(last, name);
}

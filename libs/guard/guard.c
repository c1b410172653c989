/* The verdicts, over what address.c and url.c know. */
#include "guard/guard.h"

#include "guard/url.h"

#include <assert.h>
#include <netinet/in.h>
#include <strings.h>

#define PORT_HTTPS 443
#define PORT_FREE 1024 /* From here on any port will do. */

/* --- what is allowed ------------------------------------------------------
 */

bool guard_read(struct str allow, bool is_development, struct guard *out,
                struct err *err)
{
    struct guard g = {.is_development = is_development};

    if (!address_list_read(allow, &g.allow, err)) {
        return false;
    }
    *out = g;
    return true;
}

/* NULL: it may be connected to. */
static const char *why_refused(const struct guard *g, const struct address *a)
{
    return address_list_has(&g->allow, a) ? NULL : address_why_not_public(a);
}

/* --- URLs -----------------------------------------------------------------
 */

static bool check_port(uint64_t port, struct err *err)
{
    return port == PORT_HTTPS || port >= PORT_FREE ||
           err_set(err, ERR_INVALID,
                   "the URL's port must be 443, 8443 or another from %d on",
                   PORT_FREE);
}

static bool read_form(struct str url, struct url *u, struct err *err)
{
    return url_read(url, u, err) && check_port(u->port, err);
}

bool guard_same_origin(struct str a, struct str b)
{
    struct err err = ERR_NONE;
    struct url one;
    struct url other;

    return url_read(a, &one, &err) && url_read(b, &other, &err) &&
           one.is_http == other.is_http && one.port == other.port &&
           one.host.len == other.host.len &&
           strncasecmp(one.host.data, other.host.data, one.host.len) == 0;
}

bool guard_form(struct str url, struct err *err)
{
    struct url u = {0};

    return read_form(url, &u, err);
}

/* By its spelling alone: a name that merely resolves to loopback is not. */
static bool is_loopback(const struct url *u)
{
    return u->is_address ? address_is_loopback(&u->address)
                         : url_is_localhost(u);
}

static bool check_scheme(const struct guard *g, const struct url *u,
                         struct err *err)
{
    if (!u->is_http) {
        return true;
    }
    if (!g->is_development) {
        return err_set(err, ERR_INVALID, "the URL must begin with https://");
    }
    return is_loopback(u) ||
           err_set(err, ERR_INVALID,
                   "the URL must begin with https://; in development http:// "
                   "may lead to localhost, 127.0.0.0/8 and [::1]");
}

/* Who reads this in production can't change the operator's settings. */
static const char *what_to_do(const struct guard *g)
{
    return g->is_development
               ? "use a public one, or add it to PORTER_EGRESS_ALLOW"
               : "use a public one";
}

/* libcurl tries both loopback addresses, and guard_may_connect each. */
static bool check_localhost(const struct guard *g, const struct url *u,
                            struct err *err)
{
    static const struct address v4 = {
        .bytes = {[10] = 0xFF, [11] = 0xFF, [12] = 127, [15] = 1}};
    static const struct address v6 = {.bytes = {[15] = 1}};

    return address_list_has(&g->allow, &v4) ||
           address_list_has(&g->allow, &v6) ||
           err_set(err, ERR_FORBIDDEN,
                   "the URL's host %.*s is refused (loopback): %s",
                   STR_ARGS(u->host), what_to_do(g));
}

static bool check_host(const struct guard *g, const struct url *u,
                       struct err *err)
{
    char text[ADDRESS_TEXT_MAX];

    if (!u->is_address) {
        return !url_is_localhost(u) || check_localhost(g, u, err);
    }
    const char *why = why_refused(g, &u->address);
    if (why == NULL) {
        return true;
    }
    address_write(&u->address, text);
    return err_set(err, ERR_FORBIDDEN,
                   "the URL's address %s is refused (%s): %s", text, why,
                   what_to_do(g));
}

bool guard_url(const struct guard *g, struct str url, struct err *err)
{
    struct url u = {0};

    return read_form(url, &u, err) && check_scheme(g, &u, err) &&
           check_host(g, &u, err);
}

/* --- addresses ------------------------------------------------------------
 */

static bool read_sockaddr(const struct sockaddr *s, struct address *out,
                          uint64_t *port)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (s->sa_family == AF_INET) {
        memcpy(&v4, s, sizeof v4);
        *out = (struct address){.bytes = {[10] = 0xFF, [11] = 0xFF}};
        memcpy(out->bytes + 12, &v4.sin_addr, sizeof v4.sin_addr);
        *port = ntohs(v4.sin_port);
        return true;
    }
    if (s->sa_family == AF_INET6) {
        memcpy(&v6, s, sizeof v6);
        memcpy(out->bytes, &v6.sin6_addr, sizeof v6.sin6_addr);
        *port = ntohs(v6.sin6_port);
        return true;
    }
    return false;
}

bool guard_may_connect(void *guard, const struct sockaddr *address,
                       struct err *why)
{
    const struct guard *g = guard;
    struct address a = {0};
    char text[ADDRESS_TEXT_MAX];
    uint64_t port = 0;

    assert(g != NULL && address != NULL);
    if (!read_sockaddr(address, &a, &port)) {
        return err_set(why, ERR_FORBIDDEN, "not an internet address");
    }
    if (!check_port(port, why)) {
        why->code = ERR_FORBIDDEN;
        return false;
    }
    const char *refusal = why_refused(g, &a);
    if (refusal == NULL) {
        return true;
    }
    address_write(&a, text);
    return err_set(why, ERR_FORBIDDEN,
                   "The webhook's address %s is refused (%s).", text, refusal);
}

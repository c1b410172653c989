/* Stands inside the connect of every transfer: libs/fetch shows the address it
 * is about to connect to, after the name was looked up, so a name that means
 * something else a moment later (DNS rebinding) gains nothing. */
#include "dispatcher/guard.h"

#include "base/buf.h"
#include "base/endpoint.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>

#define V4_BITS 96 /* Before the v4 part of a mapped or NAT64 address. */
#define PORT_HTTPS 443
#define PORT_FREE 1024 /* From here on any port will do. */
#define CIDR_MAX 64

struct refused {
    const char *cidr;
    const char *what;
};

/* IANA's special-purpose registries, shortened to what is not the Internet. */
static const struct refused refused_v4[] = {
    {"0.0.0.0/8", "this network"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "carrier NAT"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local (cloud metadata)"},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "protocol assignments"},
    {"192.0.2.0/24", "documentation"},
    {"192.88.99.0/24", "6to4 relay"},
    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "benchmarking"},
    {"198.51.100.0/24", "documentation"},
    {"203.0.113.0/24", "documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved"},
};

/* Only 2000::/3 is the Internet; these are the exceptions inside it. NAT64's
 * 64:ff9b::/96 is judged by the v4 address it carries. */
static const struct refused refused_v6[] = {
    {"2001::/23", "protocol assignments (Teredo)"},
    {"2001:db8::/32", "documentation"},
    {"2002::/16", "6to4"},
    {"3fff::/20", "documentation"},
};
static const char internet_v6[] = "2000::/3";
static const char nat64[] = "64:ff9b::/96";
static const char mapped[] = "::ffff:0:0/96";

static bool range_has(const struct guard_range *r, const uint8_t address[16])
{
    unsigned whole = r->bits / 8;
    unsigned rest = r->bits % 8;

    if (memcmp(r->bytes, address, whole) != 0) {
        return false;
    }
    if (rest == 0) {
        return true;
    }
    unsigned mask = (0xFFU << (8 - rest)) & 0xFFU;
    return ((unsigned)(r->bytes[whole] ^ address[whole]) & mask) == 0;
}

static bool range_read(struct str text, struct guard_range *out)
{
    char host[CIDR_MAX];
    struct in_addr v4;
    struct in6_addr v6;
    struct guard_range r = {0};
    struct str address = STR_NONE;
    uint64_t bits = 0;

    if (!str_split(&text, '/', &address) || address.len == 0 ||
        address.len >= sizeof host) {
        return false;
    }
    memcpy(host, address.data, address.len);
    host[address.len] = '\0';
    bool is_v4 = inet_pton(AF_INET, host, &v4) == 1;
    if (!str_to_u64(text, is_v4 ? 32 : 128, &bits)) {
        return false;
    }
    if (is_v4) {
        r.bytes[10] = 0xFF;
        r.bytes[11] = 0xFF;
        memcpy(r.bytes + 12, &v4, sizeof v4);
        r.bits = (unsigned)bits + V4_BITS;
    } else if (inet_pton(AF_INET6, host, &v6) == 1) {
        memcpy(r.bytes, &v6, sizeof v6);
        r.bits = (unsigned)bits;
    } else {
        return false;
    }
    *out = r;
    return true;
}

static bool is_in(const char *cidr, const uint8_t address[16])
{
    struct guard_range r = {0};
    bool ok = range_read(str_of(cidr), &r);

    assert(ok); /* The tables above are ours. */
    return ok && range_has(&r, address);
}

bool guard_read(struct str allow, bool is_development, struct guard *out,
                struct err *err)
{
    struct guard g = {.is_development = is_development};
    struct str part = STR_NONE;
    struct buf bad = BUF_EMPTY;
    bool ok = false;

    while (str_split(&allow, ',', &part)) {
        part = str_trim(part);
        if (g.count == GUARD_ALLOW_MAX) {
            (void)err_set(err, ERR_INVALID, "more than %d allowed ranges",
                          GUARD_ALLOW_MAX);
            goto out;
        }
        if (range_read(part, &g.allow[g.count])) {
            g.count++;
        } else {
            buf_addf(&bad, "%s\"%.*s\"", bad.len == 0 ? "" : ", ",
                     STR_ARGS(part));
        }
    }
    if (bad.len > 0) {
        (void)err_set(err, ERR_INVALID, "%s is not a range such as 10.0.0.0/8",
                      buf_cstr(&bad));
        goto out;
    }
    *out = g;
    ok = true;

out:
    buf_free(&bad);
    return ok;
}

static const char *why_not(const struct refused *list, size_t count,
                           const uint8_t address[16])
{
    for (size_t i = 0; i < count; i++) {
        if (is_in(list[i].cidr, address)) {
            return list[i].what;
        }
    }
    return NULL;
}

/* NULL when the address is the Internet's. */
static const char *why_refused(const uint8_t address[16])
{
    uint8_t inner[16] = {[10] = 0xFF, [11] = 0xFF};

    if (is_in(mapped, address) || is_in(nat64, address)) {
        memcpy(inner + 12, address + 12, 4);
        return why_not(refused_v4, COUNT_OF(refused_v4), inner);
    }
    if (!is_in(internet_v6, address)) {
        return "not a public address";
    }
    return why_not(refused_v6, COUNT_OF(refused_v6), address);
}

static bool is_allowed(const struct guard *g, const uint8_t address[16])
{
    for (size_t i = 0; i < g->count; i++) {
        if (range_has(&g->allow[i], address)) {
            return true;
        }
    }
    return false;
}

/* All addresses as v6, v4 ones mapped. */
static bool address_read(const struct sockaddr *address, uint8_t out[16],
                         unsigned *port)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        memset(out, 0, 16);
        out[10] = 0xFF;
        out[11] = 0xFF;
        memcpy(out + 12, &v4.sin_addr, 4);
        *port = ntohs(v4.sin_port);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        memcpy(out, &v6.sin6_addr, 16);
        *port = ntohs(v6.sin6_port);
        return true;
    }
    return false;
}

bool guard_may_connect(void *guard, const struct sockaddr *address,
                       struct err *why)
{
    const struct guard *g = guard;
    uint8_t bytes[16];
    char text[INET6_ADDRSTRLEN];
    unsigned port = 0;

    assert(g != NULL && address != NULL);
    if (!address_read(address, bytes, &port)) {
        return err_set(why, ERR_FORBIDDEN, "not an internet address");
    }
    if (is_allowed(g, bytes)) {
        return true;
    }
    const char *refusal = why_refused(bytes);
    if (refusal != NULL) {
        (void)inet_ntop(AF_INET6, bytes, text, sizeof text);
        return err_set(why, ERR_FORBIDDEN,
                       "The webhook's address %s is refused: %s.", text,
                       refusal);
    }
    if (port < PORT_FREE && port != PORT_HTTPS) {
        return err_set(why, ERR_FORBIDDEN,
                       "The webhook's port %u is refused: use 443, 8443 or "
                       "one from 1024 on.",
                       port);
    }
    return true;
}

bool guard_url(const struct guard *g, struct str url, struct err *err)
{
    struct err why = ERR_NONE;

    return endpoint_check(url, g->is_development, &why) ||
           err_set(err, ERR_FORBIDDEN, "The webhook is not called: %s.",
                   why.text);
}

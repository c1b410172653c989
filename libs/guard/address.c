/* The tables of what is not the Internet, and how a range is compared. The
 * rest of the library asks address_why_not_public and nothing else. */
#include "guard/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#define V4_BITS 96 /* Before the v4 part of a mapped or NAT64 address. */
#define V4_AT 12   /* The byte that it begins at. */
#define V4_BYTES 4

_Static_assert(ADDRESS_TEXT_MAX >= INET6_ADDRSTRLEN, "any address fits");

struct special {
    const char *cidr;
    const char *what;
};

/* IANA's registry of special-purpose v4 addresses, without the few that are
 * globally reachable, and one that looks public and is not. */
static const struct special special_v4[] = {
    {"0.0.0.0/8", "this network"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "carrier NAT"},
    {"127.0.0.0/8", "loopback"},
    {"168.63.129.16/32", "cloud metadata"}, /* Azure's, inside its machines. */
    {"169.254.0.0/16", "link-local, cloud metadata"},
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

/* Of v6 only 2000::/3 is the Internet. These are the exceptions inside it, */
static const char internet_v6[] = "2000::/3";
static const struct special special_v6[] = {
    {"2001::/23", "protocol assignments, Teredo"},
    {"2001:db8::/32", "documentation"},
    {"2002::/16", "6to4"},
    {"3fff::/20", "documentation"},
};
/* and these have a name that says more than "not public". */
static const struct special outside_v6[] = {
    {"::/128", "unspecified"},    {"::1/128", "loopback"},
    {"::/96", "IPv4-compatible"}, {"64:ff9b:1::/48", "local NAT64"},
    {"fc00::/7", "private"},      {"fe80::/10", "link-local"},
    {"ff00::/8", "multicast"},
};

static const char mapped[] = "::ffff:0:0/96";
static const char nat64[] = "64:ff9b::/96";
static const char loopback_v4[] = "127.0.0.0/8";
static const char loopback_v6[] = "::1/128";

/* --- reading --------------------------------------------------------------
 */

bool address_read(struct str text, struct address *out)
{
    char c[ADDRESS_TEXT_MAX];
    struct in_addr v4;
    struct in6_addr v6;

    if (text.len == 0 || text.len >= sizeof c || str_has(text, '\0')) {
        return false;
    }
    memcpy(c, text.data, text.len);
    c[text.len] = '\0';
    if (inet_pton(AF_INET, c, &v4) == 1) {
        *out = (struct address){.bytes = {[10] = 0xFF, [11] = 0xFF}};
        memcpy(out->bytes + V4_AT, &v4, V4_BYTES);
        return true;
    }
    if (inet_pton(AF_INET6, c, &v6) == 1) {
        memcpy(out->bytes, &v6, ADDRESS_BYTES);
        return true;
    }
    return false;
}

bool address_range_read(struct str text, struct address_range *out)
{
    struct str address = STR_NONE;
    struct address_range r = {0};
    uint64_t bits = 0;

    if (!str_split(&text, '/', &address) || !address_read(address, &r.first)) {
        return false;
    }
    bool is_v4 = !str_has(address, ':');
    if (!str_to_u64(text, is_v4 ? 32 : 128, &bits)) {
        return false;
    }
    r.bits = (unsigned)bits + (is_v4 ? V4_BITS : 0);
    *out = r;
    return true;
}

void address_write(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
    bool is_v4 = address_is_v4(a);

    (void)inet_ntop(is_v4 ? AF_INET : AF_INET6,
                    is_v4 ? a->bytes + V4_AT : a->bytes, out, ADDRESS_TEXT_MAX);
}

/* --- judging --------------------------------------------------------------
 */

bool address_is_in(const struct address *a, const struct address_range *r)
{
    unsigned whole = r->bits / 8;
    unsigned rest = r->bits % 8;

    if (memcmp(r->first.bytes, a->bytes, whole) != 0) {
        return false;
    }
    if (rest == 0) {
        return true;
    }
    unsigned mask = (0xFFU << (8 - rest)) & 0xFFU;
    return ((unsigned)(r->first.bytes[whole] ^ a->bytes[whole]) & mask) == 0;
}

static bool is_in(const char *cidr, const struct address *a)
{
    struct address_range r = {0};
    bool ok = address_range_read(str_of(cidr), &r);

    assert(ok); /* The tables above are ours. */
    return ok && address_is_in(a, &r);
}

bool address_is_v4(const struct address *a)
{
    return is_in(mapped, a);
}

bool address_is_loopback(const struct address *a)
{
    return is_in(loopback_v4, a) || is_in(loopback_v6, a);
}

static const char *look_up(const struct special *list, size_t count,
                           const struct address *a)
{
    for (size_t i = 0; i < count; i++) {
        if (is_in(list[i].cidr, a)) {
            return list[i].what;
        }
    }
    return NULL;
}

/* The v4 address in the last four bytes. */
static const char *look_up_inner(const struct address *a)
{
    struct address inner = {.bytes = {[10] = 0xFF, [11] = 0xFF}};

    memcpy(inner.bytes + V4_AT, a->bytes + V4_AT, V4_BYTES);
    return look_up(special_v4, COUNT_OF(special_v4), &inner);
}

/* RFC 5214: ::0:5efe:a.b.c.d or ::200:5efe:a.b.c.d below any prefix leads
 * through a tunnel to a.b.c.d. */
static bool is_isatap(const struct address *a)
{
    return (a->bytes[8] & 0xFDU) == 0 && a->bytes[9] == 0 &&
           a->bytes[10] == 0x5E && a->bytes[11] == 0xFE;
}

const char *address_why_not_public(const struct address *a)
{
    const char *what = NULL;

    if (is_in(mapped, a) || is_in(nat64, a)) {
        return look_up_inner(a);
    }
    if (!is_in(internet_v6, a)) {
        what = look_up(outside_v6, COUNT_OF(outside_v6), a);
        return what == NULL ? "not public" : what;
    }
    what = look_up(special_v6, COUNT_OF(special_v6), a);
    return what == NULL && is_isatap(a) ? look_up_inner(a) : what;
}

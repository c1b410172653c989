/* Internet addresses and ranges of them, and which are not public. Pure. */
#ifndef PORTER_GUARD_ADDRESS_H
#define PORTER_GUARD_ADDRESS_H

#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_BYTES 16
#define ADDRESS_TEXT_MAX 46 /* With the NUL. */

/* A v6 address; a v4 one is its v4-mapped form (::ffff:a.b.c.d). */
struct address {
    uint8_t bytes[ADDRESS_BYTES];
};

/* Of v4 addresses bits + 96. */
struct address_range {
    struct address first;
    unsigned bits;
};

/* "192.0.2.1" (four decimal numbers), "2001:db8::1"; no zone, no bracket. */
MUST_USE bool address_read(struct str text, struct address *out);

/* "10.0.0.0/8", "fd00::/8"; bits behind the prefix are not looked at. */
MUST_USE bool address_range_read(struct str text, struct address_range *out);

bool address_is_in(const struct address *a, const struct address_range *r);

bool address_is_v4(const struct address *a);

/* 127.0.0.0/8 and ::1. */
bool address_is_loopback(const struct address *a);

/* As people write it; a v4 one with dots. */
void address_write(const struct address *a, char out[ADDRESS_TEXT_MAX]);

/* What it is instead of public ("loopback"); NULL when it is public. An address
 * that carries another one (mapped, NAT64, ISATAP) is what that one is. */
const char *address_why_not_public(const struct address *a);

#endif

/* Identifiers: a UUID in storage, `prefix_` + 26 characters in every text.
 *
 * The text is TypeID's: Crockford base32 (lower case, no i l o u) of the 128
 * bits, first character at most '7'. New ids are UUIDv7 (RFC 9562), so they
 * sort by the time they were made. id_new is thread-safe; the rest is pure. */
#ifndef PORTER_BASE_ID_H
#define PORTER_BASE_ID_H

#include "base/macros.h"
#include "base/str.h"

#include <stdint.h>

struct id {
    uint8_t bytes[16]; /* Network order, as PostgreSQL's uuid. */
};

enum id_kind {
    ID_ORGANIZATION, /* org_ */
    ID_KEY,          /* key_ */
    ID_USER,         /* usr_ */
    ID_VISITOR,      /* vis_ */
    ID_LOCATION,     /* loc_ */
    ID_CONTRACTOR,   /* con_ */
    ID_EVACUATION,   /* evac_ */
    ID_EVENT,        /* evt_ */
    ID_WEBHOOK,      /* whk_ */
    ID_DELIVERY,     /* dlv_ */
    ID_REQUEST,      /* req_ */
    ID_REPLAY,       /* rpl_ */
    ID_SESSION,      /* ses_ */
    ID_INVITATION,   /* inv_ */
    ID_AUDIT,        /* aud_ */
    ID_KIND_COUNT
};

#define ID_BODY_LEN 26
#define ID_TEXT_MAX 31 /* "evac_" + 26 */

/* The text of an id with its NUL, for passing by value. */
struct id_text {
    char data[ID_TEXT_MAX + 1];
};

/* "vis" for ID_VISITOR. */
const char *id_prefix(enum id_kind kind);

/* A new UUIDv7 of this moment; within a process ids made later sort later. */
struct id id_new(void);

/* The id of "the pair (a, b)": always the same for the same two, with a's
 * UUIDv7 time in front, so it sorts and partitions like a. A delivery's id is
 * that of its event and webhook: sent again after a crash it is the same. */
struct id id_pair(struct id a, struct id b);

/* The UUIDv7 time in microseconds (whole milliseconds). */
int64_t id_time_us(struct id id);

struct id_text id_text(enum id_kind kind, struct id id);

/* False unless s is exactly the kind's prefix and 26 base32 characters (lower
 * case only). Does not say whether the thing exists. */
MUST_USE bool id_read(enum id_kind kind, struct str s, struct id *out);

static inline bool id_eq(struct id a, struct id b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

bool id_is_zero(struct id id);

/* 64 well-mixed bits, for hash tables and shards. The same on every machine:
 * outbox shards are stored. */
uint64_t id_hash(struct id id);

#endif

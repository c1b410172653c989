/* What a sentence about an attempt can mention, and how it is written there.
 * Pure; for explain.c. */
#ifndef PORTER_DISPATCHER_FACTS_H
#define PORTER_DISPATCHER_FACTS_H

#include "base/buf.h"
#include "base/str.h"
#include "fetch/fetch.h"

/* Borrows from all that it is made of. */
struct facts {
    const struct fetch_answer *a;
    const struct fetch_peer *peer; /* All empty when there is none. */
    struct str host;               /* The URL's. */
};

struct facts facts_of(const struct fetch_answer *answer, struct str url);

/* The host that a URL names, an IPv6 address in its brackets. */
struct str facts_host(struct str url);

/* Is the URL's host a name, and no address? */
bool facts_has_name(const struct facts *f);

/* A header of the answer, cut to what is quoted; STR_NONE: not there. */
struct str facts_header(const struct facts *f, struct str wanted);

/* Append the text with a fact for each {word} in it; asserts that it is one of
 * the table's. */
void facts_say(const struct facts *f, const char *says, struct buf *out);

#endif

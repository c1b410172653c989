/* Why a delivery ends without an attempt: the words and sentences, one table.
 * Pure. */
#ifndef PORTER_STORE_REFUSAL_H
#define PORTER_STORE_REFUSAL_H

#include "base/buf.h"
#include "base/str.h"

enum refusal {
    REFUSAL_NONE,
    REFUSAL_WEBHOOK_GONE,
    REFUSAL_SECRET_LOCKED,
    REFUSAL_TOO_LARGE,
    REFUSAL_NOT_SENDABLE,
    REFUSAL_TOO_OLD, /* Also after attempts: there is no further one. */
    REFUSAL_WAITED,
    REFUSAL_COUNT
};

/* What stands for {…} in the sentences. */
struct refusal_facts {
    size_t size;    /* Of the body, in bytes. */
    size_t limit;   /* What it may have. */
    struct str why; /* NOT_SENDABLE */
};

/* As stored in deliveries.last_failure. */
const char *refusal_word(enum refusal refusal);

/* Append the sentence. */
void refusal_say(enum refusal refusal, const struct refusal_facts *facts,
                 struct buf *out);

/* As written: with {…} in it. */
const char *refusal_says(enum refusal refusal);

#endif

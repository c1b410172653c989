/* What is sealed with the master keys, of all organizations: webhooks' secrets,
 * headers and client certificates, people's authenticators, and the answers
 * that are kept for Idempotency-Key. Counted by key, and sealed anew with the
 * first key: in batches, while everything else goes on. */
#ifndef PORTER_STORE_SEALED_H
#define PORTER_STORE_SEALED_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "crypt/crypt.h"
#include "db/db.h"

struct sealed_count {
    struct str key_id; /* STR_NONE: no sealed value */
    int64_t secrets;
    int64_t previous;       /* The secrets before, also after their overlap. */
    int64_t headers;        /* Of webhooks; those of one are one value. */
    int64_t certificates;   /* Client certificates of webhooks. */
    int64_t answers;        /* Kept ones that have not expired. */
    int64_t authenticators; /* Of people, also those that are only offered. */
};

/* By key id. Reads the webhooks whole, and the kept answers when they are asked
 * for; else there are none. */
MUST_USE bool sealed_count(struct db *db, int64_t now_us, bool with_answers,
                           struct arena *arena, struct sealed_count **list,
                           size_t *count, struct err *err);

enum sealed_kind {
    SEALED_WEBHOOKS,
    SEALED_ANSWERS,
    SEALED_PEOPLE,
    SEALED_KIND_COUNT
};

/* One way through everything of a kind. Begin with zeros and the kind. */
struct sealed_walk {
    enum sealed_kind kind;
    int64_t now_us;
    bool is_done;
    int64_t seen;      /* Rows, */
    int64_t rewrapped; /* those that the first key seals now, */
    int64_t missed;    /* and those that somebody changed meanwhile. */
    int64_t unreadable;
    struct err why; /* Of the first of those. */
    /* The last row that was seen; texts are the walk's. */
    struct id org_id;
    struct id id;
    struct buf route;
    struct buf token;
};

/* The next batch. What was changed since it was read is left as it is: it is
 * counted as missed, and another walk finds it. */
MUST_USE bool sealed_rewrap(struct db *db, const struct seal_keys *keys,
                            struct sealed_walk *walk, struct err *err);
void sealed_walk_done(struct sealed_walk *walk);

#endif

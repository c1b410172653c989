/* Answers that are kept, so that a request which is sent again is answered
 * again and not carried out again.
 *
 * All of it happens in the transaction of the change: the claim keeps others
 * with the same token out until the transaction ends, and the answer is
 * committed with the change. Bodies are sealed: some answers hold secrets. */
#ifndef PORTER_STORE_IDEMPOTENCY_H
#define PORTER_STORE_IDEMPOTENCY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "crypt/crypt.h"
#include "db/db.h"

#define IDEMPOTENCY_HOURS 24

/* Whose request it is: one organization's key, one route, the caller's word. */
struct idempotency_token {
    struct id org_id;
    struct id key_id;
    struct str route;
    struct str text;
};

/* What is locked, and what the body is sealed for. */
struct sha256 idempotency_identity(const struct idempotency_token *token);

enum idempotency_state {
    IDEMPOTENCY_FREE, /* Ours until the transaction ends. */
    IDEMPOTENCY_BUSY, /* Another transaction has it. */
    IDEMPOTENCY_KEPT, /* *kept is what was answered. */
};

struct idempotency_answer {
    struct sha256 request; /* Of what was asked. */
    unsigned status;
    struct str headers; /* "Name: value\r\n" lines */
    struct str body;
};

/* Strings of *kept are the arena's. */
MUST_USE bool idempotency_claim(struct tx *tx, const struct seal_keys *keys,
                                const struct idempotency_token *token,
                                int64_t now_us, struct arena *arena,
                                enum idempotency_state *state,
                                struct idempotency_answer *kept,
                                struct err *err);

/* Keep the answer, and commit. */
MUST_USE bool idempotency_keep(struct tx *tx, const struct seal_keys *keys,
                               const struct idempotency_token *token,
                               const struct idempotency_answer *answer,
                               int64_t now_us, struct err *err);

/* Remove what has expired, some at a time; *removed says how many. */
#define IDEMPOTENCY_CLEAN_MAX 1000
MUST_USE bool idempotency_clean(struct db *db, int64_t now_us, int64_t *removed,
                                struct err *err);

#endif

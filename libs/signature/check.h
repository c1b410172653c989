/* Why does this request not verify? Every check by itself, with what was found
 * and what to do: for the API (POST /api/v1/webhooks/{id}/verify) and
 * porterctl verify.
 *
 * It tells whether a signature fits, and by which usual mistake it would: never
 * the right signature of what it is shown. Pure. */
#ifndef PORTER_SIGNATURE_CHECK_H
#define PORTER_SIGNATURE_CHECK_H

#include "base/arena.h"
#include "base/macros.h"
#include "base/str.h"
#include "crypt/ed25519.h"

#include <stdbool.h>
#include <stdint.h>

#define SIGNATURE_SECRETS_MAX 2
#define SIGNATURE_CHECKS_MAX 7

/* Whose secret made a signature. */
enum signer {
    SIGNER_NONE,
    SIGNER_CURRENT,
    SIGNER_PREVIOUS, /* The one before, while a rotation overlaps. */
    SIGNER_EXPIRED,  /* The one before, when the overlap has ended. */
    SIGNER_COUNT
};

/* "current", "previous", "expired"; "" for none. */
extern const char *const signer_names[SIGNER_COUNT];

struct signature_secret {
    struct str text; /* whsec_… */
    enum signer who;
};

/* A request as an endpoint got it. A header that is not there has no data. */
struct signature_question {
    struct str body;
    struct str id;        /* webhook-id */
    struct str timestamp; /* webhook-timestamp */
    struct str standard;  /* webhook-signature */
    struct str porter;    /* X-Porter-Signature */
    struct str previous;  /* X-Porter-Signature-Previous */
    int64_t at_us; /* When it arrived: the timestamp's age counts to it */
    struct signature_secret secrets[SIGNATURE_SECRETS_MAX];
    size_t secret_count;
    /* For entries of the kind v1a; NULL: they are not looked at. */
    const struct ed25519_keys *keys;
};

/* Borrows the value when the header is one of ours. */
void signature_take_header(struct signature_question *q, struct str name,
                           struct str value);

struct signature_check {
    const char *name;
    bool ok;
    enum signer signer; /* NONE: no secret of the webhook, or not about one */
    struct str reason;
    struct str cure; /* STR_NONE when it is ok. */
};

struct signature_report {
    bool verified; /* All checks are ok. */
    size_t count;
    struct signature_check list[SIGNATURE_CHECKS_MAX];
};

/* Texts are the arena's, or last for ever. */
void signature_check(const struct signature_question *q, struct arena *arena,
                     struct signature_report *out);

#endif

/* Webhooks: who is told of what, with which secrets. */
#ifndef PORTER_STORE_WEBHOOK_H
#define PORTER_STORE_WEBHOOK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "crypt/client_certificate.h"
#include "crypt/crypt.h"
#include "db/db.h"
#include "guard/guard.h"
#include "store/cause.h"
#include "store/event.h"

#include "porter/v1/webhook.pb-c.h"

#define WEBHOOKS_PER_ORG_MAX 100
#define WEBHOOK_CHANNEL "porter_webhooks" /* payload: org_… */

#define WEBHOOK_WAITS_MAX 32      /* Of a retry schedule. */
#define WEBHOOK_WAIT_MAX_S 604800 /* A week. */
#define WEBHOOK_AGE_MAX_S 2592000 /* 30 days: as long as the log is kept. */

#define WEBHOOK_OVERLAP_S 86400 /* Unless a rotation says otherwise. */
#define WEBHOOK_OVERLAP_MAX_S (7LL * 86400)

/* A header of a webhook's own; guard/header.h says which there may be. */
/* Names one. */
struct webhook_key {
    struct id org_id;
    struct id webhook_id;
};

struct own_header {
    struct str name;
    struct str value; /* A secret. */
};

/* What the dispatcher needs of one; memory is the arena's. */
struct webhook_target {
    struct id id;
    struct str url;
    unsigned events; /* bits (1 << event_type) */
    bool is_enabled;
    bool is_open;   /* Its circuit: nothing but probes (store/circuit.h). */
    bool is_broken; /* Something sealed can't be opened. */
    bool by_subject;
    struct str secret;          /* whsec_…; STR_NONE: can't be opened */
    struct str secret_previous; /* STR_NONE unless the overlap lasts */
    int64_t overlap_until_us;
    struct str headers;    /* Its own, as "Name: value\n" lines: secrets. */
    struct str client_pem; /* Certificate and key: a secret; STR_NONE: none */
    int64_t client_expires_us;
    const int64_t *wait_us; /* Its own schedule … */
    size_t wait_count;      /* … or 0: the configuration's. */
    int64_t max_age_us;     /* 0: the configuration's */
    int64_t updated_at_us;
};

/* All of an org's webhooks and the version of the list, in one statement.
 * Secrets or headers that can't be opened are no error (is_broken):
 * *sealed_wrong counts them. */
MUST_USE bool webhook_targets(struct db *db, const struct seal_keys *keys,
                              struct id org_id, struct arena *arena,
                              struct webhook_target **list, size_t *count,
                              int64_t *version, size_t *sealed_wrong,
                              struct err *err);

/* Is it a type of event, or "*" for all? What `events` may hold. */
bool webhook_is_event(struct str word);

struct webhook_input {
    struct str url;
    struct str description;
    const struct str *events; /* each webhook_is_event */
    size_t event_count;
    bool by_subject;
    bool is_disabled;
    const struct guard *guard; /* Of the URL; NULL: it is not new. */
    const struct own_header *headers;
    size_t header_count;   /* At most GUARD_HEADERS_MAX. */
    bool has_headers;      /* Of an update; false: they stay as they are. */
    struct str client_pem; /* Certificate and key; STR_NONE: none */
    struct client_certificate client; /* What is shown of it. */
    bool has_client; /* Of an update; false: it stays as it is. */
    const int32_t *waits_s;
    size_t wait_count; /* At most WEBHOOK_WAITS_MAX; 0: as configured. */
    int32_t max_age_s; /* 0: as configured */
};

/* A new webhook with a new secret (whsec_ + base64 of 32 random bytes), which
 * is put into *secret. Bumps the org's version and notifies. ERR_INVALID for a
 * URL that the guard refuses or no/unknown events; ERR_LIMITED past
 * WEBHOOKS_PER_ORG_MAX. */
MUST_USE bool webhook_insert(struct db *db, const struct seal_keys *keys,
                             struct id org_id, const struct webhook_input *in,
                             const struct author *by, struct arena *arena,
                             struct id *id, struct str *secret,
                             struct err *err);

/* As an API message. ERR_NOT_FOUND when the org has no such webhook. */
MUST_USE bool webhook_find(struct db *db, struct id org_id, struct id id,
                           int64_t now_us, struct arena *arena,
                           Porter__V1__Webhook **out, struct err *err);

/* As API messages, newest first; `before` is the last one seen (zero id: from
 * the newest). */
MUST_USE bool webhook_list(struct db *db, struct id org_id, struct id before,
                           size_t max, int64_t now_us, struct arena *arena,
                           Porter__V1__Webhook ***list, size_t *count,
                           struct err *err);

/* What one signs with. */
struct webhook_secrets {
    struct str current;       /* whsec_… */
    struct str previous;      /* The one before, also after the overlap. */
    int64_t overlap_until_us; /* DB_TIME_NULL: there is none before */
};

/* Opened; the caller wipes them. ERR_NOT_FOUND when the org has no such
 * webhook, ERR_INTERNAL when the key that sealed the current one is not known.
 */
MUST_USE bool webhook_secrets(struct db *db, const struct seal_keys *keys,
                              struct id org_id, struct id id,
                              struct arena *arena, struct webhook_secrets *out,
                              struct err *err);

/* --- changes: of the version that was read, or nothing happens ------------ */

struct webhook_change {
    struct id org_id;
    struct id id;
    int64_t seen_us; /* updated_at when it was read */
    int64_t now_us;
    struct author by;
    const struct str *fields; /* What is new, for the audit log; update only. */
    size_t field_count;
};

/* All of `in` is stored; events NULL leaves them as they are. The keys are only
 * asked for when it has headers. ERR_INVALID as
 * with webhook_insert. *changed is false when the stored updated_at is not
 * seen_us any more. Bumps the org's version and notifies, as all changes do. */
MUST_USE bool webhook_update(struct db *db, const struct seal_keys *keys,
                             const struct webhook_change *change,
                             const struct webhook_input *in, bool *changed,
                             struct err *err);

/* A new secret; the one before signs too until overlap_until_us (DB_TIME_NULL:
 * it ends now). *secret is STR_NONE when somebody was quicker. */
MUST_USE bool webhook_rotate(struct db *db, const struct seal_keys *keys,
                             const struct webhook_change *change,
                             int64_t overlap_until_us, struct arena *arena,
                             struct str *secret, struct err *err);

/* Its deliveries stay in the log. */
MUST_USE bool webhook_delete(struct db *db, const struct webhook_change *change,
                             bool *changed, struct err *err);

#endif

/* Webhooks: who is told of what, with which secrets. */
#ifndef PORTER_STORE_WEBHOOK_H
#define PORTER_STORE_WEBHOOK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "crypt/crypt.h"
#include "db/db.h"
#include "store/event.h"

#include "porter/v1/webhook.pb-c.h"

#define WEBHOOKS_PER_ORG_MAX 100
#define WEBHOOK_SECRET_PREFIX "whsec_"
#define WEBHOOK_CHANNEL "porter_webhooks" /* payload: org_… */

/* What the dispatcher needs of one; memory is the arena's. */
struct webhook_target {
    struct id id;
    struct str url;
    unsigned events; /* bits (1 << event_type) */
    bool is_enabled;
    bool by_subject;
    struct str secret;          /* whsec_… */
    struct str secret_previous; /* STR_NONE unless the overlap lasts */
    int64_t overlap_until_us;
};

/* All of an org's webhooks and the version of the list, in one statement. A
 * secret that can't be opened makes that webhook disabled here, not an error:
 * *sealed_wrong counts them. */
MUST_USE bool webhook_targets(struct db *db, const struct seal_keys *keys,
                              struct id org_id, struct arena *arena,
                              struct webhook_target **list, size_t *count,
                              int64_t *version, size_t *sealed_wrong,
                              struct err *err);

/* A new webhook with a new secret (whsec_ + base64 of 32 random bytes), which
 * is put into *secret. Bumps the org's version and notifies. ERR_INVALID for a
 * URL that endpoint_check refuses or no/unknown events; ERR_LIMITED past
 * WEBHOOKS_PER_ORG_MAX. */
struct webhook_input {
    struct str url;
    struct str description;
    unsigned events;
    bool by_subject;
    bool is_development;
};
MUST_USE bool webhook_insert(struct db *db, const struct seal_keys *keys,
                             struct id org_id, const struct webhook_input *in,
                             struct str actor, struct arena *arena,
                             struct id *id, struct str *secret,
                             struct err *err);

/* As API messages, newest first. */
MUST_USE bool webhook_list(struct db *db, struct id org_id, struct arena *arena,
                           Porter__V1__Webhook ***list, size_t *count,
                           struct err *err);

/* Stop sending to it (410, or five days of failure). */
MUST_USE bool webhook_disable(struct db *db, struct id org_id, struct id id,
                              struct str reason, int64_t now_us,
                              struct err *err);

#endif

/* The plain-HTTP listener. */
#include "gateway/plain.h"

#include "base/clock.h"
#include "gateway/gateway.h"
#include "gateway/pipeline.h"
#include "log/log.h"
#include "store/keycache.h"
#include "store/organization.h"

#define REFUSAL "this API is served over HTTPS only; nothing was carried out"
#define REFUSAL_REVOKED                                                        \
    REFUSAL ". The API key came over plain HTTP, where others can read it, "   \
            "so it has been revoked: make a new one"
#define REFUSAL_EXPOSED                                                        \
    REFUSAL                                                                    \
    ". If the API key that came over plain HTTP is a live one, others "        \
    "may know it: revoke it"

#define KEYS_MAX 8 /* Looked at per request. */

/* Tell the owner: in the audit log, which the dashboard shows, and in ours. */
static void tell_owner(struct gateway *g, const struct principal *who,
                       const struct web_request *req)
{
    struct id_text key = id_text(ID_KEY, who->key_id);
    struct id_text org = id_text(ID_ORGANIZATION, who->org_id);
    struct err err = ERR_NONE;

    gateway_metrics_exposed(g->metrics);
    log_warn("key.revoked_exposed", LOG_TEXT("org", org.data),
             LOG_TEXT("key", key.data), LOG_STR("remote", req->remote));
    if (!audit_write(g->db, who->org_id, STR("gateway"),
                     STR("key.revoked_exposed"), str_of(key.data),
                     STR("{\"reason\":\"seen in plain text\"}"), STR_NONE,
                     clock_wall_us(), &err)) {
        log_fail("audit.failed", &err);
    }
}

/* True when the key was live and is revoked now. */
static bool revoke_exposed(struct gateway *g, const struct web_request *req,
                           struct str key, struct err *err)
{
    const struct sha256 hash = key_hash(key);
    const struct author by = {.actor = STR("gateway"), .address = req->remote};
    struct principal who = {0};
    int64_t retry_ms = 0;
    bool found = false;

    if (!admit_may_ask(g->admit, hash, req->remote, &retry_ms) ||
        !key_find(g->db, hash, clock_wall_us(), &found, &who, err)) {
        return false;
    }
    admit_asked(g->admit, hash, req->remote, found);
    if (!found) {
        return false;
    }
    if (!keycache_revoke(g->db, g->kv, who.org_id, who.key_id,
                         STR("seen in plain text"), &by, err)) {
        return false;
    }
    tell_owner(g, &who, req);
    return true;
}

/* What could be a key in a header: its last word, so that "Bearer …" counts. */
static struct str last_word(struct str value)
{
    struct str word = value;

    while (str_split(&value, ' ', &word)) {
    }
    return word;
}

/* Keys that came in the clear, wherever the sender put them; those that were
 * live are revoked. The detail for the answer, or NULL when there was none. */
static const char *deal_with_keys(struct gateway *g,
                                  const struct web_request *req)
{
    const char *detail = NULL;
    size_t seen = 0;

    for (size_t i = 0; i < req->header_count && seen < KEYS_MAX; i++) {
        const struct web_header *h = &req->headers[i];
        struct str key = last_word(h->value);
        struct err err = ERR_NONE;

        if (!(str_eq_ci(h->name, STR("X-API-Key")) ||
              str_eq_ci(h->name, STR("Authorization"))) ||
            !key_is_well_formed(key, NULL)) {
            continue;
        }
        seen++;
        if (revoke_exposed(g, req, key, &err)) {
            detail = REFUSAL_REVOKED;
        } else if (detail == NULL) {
            detail = REFUSAL_EXPOSED;
        }
        if (err.code != ERR_OK) {
            log_fail("key.revoke_failed", &err);
        }
    }
    return detail;
}

void plain_handle(void *user, const struct web_request *req,
                  struct web_response *res)
{
    struct gateway *g = user;
    const char *detail = deal_with_keys(g, req);

    res->close = true;
    pipeline_problem(g, req, res, PROBLEM_HTTPS_REQUIRED,
                     detail == NULL ? REFUSAL : detail);
}

/* A request that breaks HTTP's rules has shown its key all the same. */
void plain_refuse(void *user, enum web_refusal code, const char *detail,
                  const struct web_request *req, struct web_response *res)
{
    const char *exposed = deal_with_keys(user, req);

    res->close = true;
    if (exposed != NULL) {
        pipeline_problem(user, req, res, PROBLEM_HTTPS_REQUIRED, exposed);
        return;
    }
    pipeline_refuse(user, code, detail, req, res);
}
